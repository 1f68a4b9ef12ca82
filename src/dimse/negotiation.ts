/** What we answer to an A-ASSOCIATE-RQ. Pure: the request and the settings in, the answer out. */
import { CONTEXT_RESULT } from './associate.js';
import type { AnsweredContext, AssociateReject, AssociateRequest, ProposedContext, RoleSelection } from './associate.js';
import { APPLICATION_CONTEXT, VERIFICATION, isKnownTransferSyntax, isMessageTransferSyntax, isStorageClass } from './uids.js';

/** The A-ASSOCIATE-RJ of PS3.8 table 9-21 that we use. */
export const REJECT = {
  applicationContext: { result: 1, source: 1, reason: 2 },
  callingAe: { result: 1, source: 1, reason: 3 },
  calledAe: { result: 1, source: 1, reason: 7 },
  protocolVersion: { result: 1, source: 2, reason: 2 },
  congestion: { result: 2, source: 3, reason: 1 },
  localLimit: { result: 2, source: 3, reason: 2 },
} as const satisfies Record<string, AssociateReject>;

export interface AcceptancePolicy {
  readonly aeTitles: readonly string[] | 'any';
  readonly callingAeTitles: readonly string[] | 'any';
  readonly maxAssociations: number;
}

/** A refusal and the words for the administrator's log: what was seen, what was expected, and what to do. */
export interface Refusal {
  readonly reject: AssociateReject;
  readonly seen: string;
  readonly remedy: string;
}

/** Why the association cannot be had, or undefined. */
export function refusalOf(
  request: AssociateRequest,
  policy: AcceptancePolicy,
  state: { openAssociations: number; closing: boolean },
): Refusal | undefined {
  if (!request.protocolVersion1)
    return {
      reject: REJECT.protocolVersion,
      seen: 'the peer does not speak protocol version 1',
      remedy: 'Check what kind of program connects to this port.',
    };
  if (request.applicationContext !== APPLICATION_CONTEXT) {
    return {
      reject: REJECT.applicationContext,
      seen: `application context "${request.applicationContext}", expected ${APPLICATION_CONTEXT}`,
      remedy: 'Check what kind of program connects to this port.',
    };
  }
  if (state.closing) return { reject: REJECT.congestion, seen: 'the node is stopping', remedy: 'None; the sender may try again later.' };
  if (policy.aeTitles !== 'any' && !policy.aeTitles.includes(request.calledAe)) {
    return {
      reject: REJECT.calledAe,
      seen: `called AE title "${request.calledAe}", ours: ${quoted(policy.aeTitles)}`,
      remedy: 'Correct the called AE title at the sender, or add it to the AE titles of this node.',
    };
  }
  if (policy.callingAeTitles !== 'any' && !policy.callingAeTitles.includes(request.callingAe)) {
    return {
      reject: REJECT.callingAe,
      seen: `calling AE title "${request.callingAe}", allowed: ${quoted(policy.callingAeTitles)}`,
      remedy: 'Add it to the allowed calling AE titles if this sender is meant to send here.',
    };
  }
  if (state.openAssociations >= policy.maxAssociations) {
    return {
      reject: REJECT.localLimit,
      seen: `${state.openAssociations} associations are open, at most ${policy.maxAssociations}`,
      remedy: 'Raise the maximum of associations if this happens often; the sender tries again.',
    };
  }
  return undefined;
}

/** SOP classes beside storage and verification that the caller may use. */
interface Offered {
  has(sopClassUid: string): boolean;
}
const NOTHING: Offered = new Set<string>();

/** The answer to each proposed context, in the same order (PS3.8 section 9.3.3.2). */
export function answerContexts(contexts: readonly ProposedContext[], offered: Offered = NOTHING): AnsweredContext[] {
  return contexts.map((context) => answerContext(context, offered));
}

/**
 * Takes Verification and all storage classes, with the first transfer syntax that we know: it is the sender's preference,
 * and usually the form in which it holds the object, so that nobody has to transcode. The messages of other services are
 * taken in what we write ourselves.
 */
function answerContext({ id, abstractSyntax, transferSyntaxes }: ProposedContext, offered: Offered): AnsweredContext {
  const isService = offered.has(abstractSyntax);
  if (!isService && (abstractSyntax === '' || (abstractSyntax !== VERIFICATION && !isStorageClass(abstractSyntax)))) {
    return { id, result: CONTEXT_RESULT.abstractSyntaxNotSupported, transferSyntax: '' };
  }
  const transferSyntax = transferSyntaxes.find(isService ? isMessageTransferSyntax : isKnownTransferSyntax);
  if (transferSyntax === undefined) return { id, result: CONTEXT_RESULT.transferSyntaxesNotSupported, transferSyntax: '' };
  return { id, result: CONTEXT_RESULT.accepted, transferSyntax };
}

/** The accepted ones of answered contexts: id → transfer syntax. */
export function acceptedSyntaxes(answers: readonly AnsweredContext[]): Map<number, string> {
  return new Map(answers.filter(({ result }) => result === CONTEXT_RESULT.accepted).map(({ id, transferSyntax }) => [id, transferSyntax]));
}

/** The accepted contexts that are of a service and not of storage or verification, by id. */
export function serviceContexts(
  contexts: readonly ProposedContext[],
  accepted: ReadonlyMap<number, string>,
  offered: Offered,
): Map<number, { sopClassUid: string; transferSyntaxUid: string }> {
  return new Map(
    contexts.flatMap(({ id, abstractSyntax: sopClassUid }) => {
      const transferSyntaxUid = accepted.get(id);
      return transferSyntaxUid !== undefined && offered.has(sopClassUid) ? [[id, { sopClassUid, transferSyntaxUid }] as const] : [];
    }),
  );
}

/**
 * Roles are granted as proposed for the services that are offered: the archive that reports a commitment to us is SCP of that class on
 * an association that it opens (PS3.4 J.3.3). No item for the other classes: the requestor is their SCU (PS3.7 D.3.3.4).
 */
export function answerRoles(roles: readonly RoleSelection[], offered: Offered): RoleSelection[] {
  return roles.filter(({ sopClassUid }) => offered.has(sopClassUid));
}

const quoted = (titles: readonly string[]): string => titles.map((title) => `"${title}"`).join(', ');
