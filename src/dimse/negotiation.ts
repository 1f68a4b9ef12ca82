/** What we answer to an A-ASSOCIATE-RQ. Pure: the request and the settings in, the answer out. */
import { isUid } from '../foundation/ids.js';
import { IpRanges } from '../foundation/ip-ranges.js';
import { CONTEXT_RESULT } from './associate.js';
import type { AnsweredContext, AssociateReject, AssociateRequest, ProposedContext, RoleSelection } from './associate.js';
import type { ContentPolicy } from './content-policy.js';
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

/** An AE title that may associate, from anywhere or from these addresses (IP or CIDR) only. */
export type Caller = string | { readonly aeTitle: string; readonly addresses: readonly string[] };

export interface AcceptancePolicy extends ContentPolicy {
  readonly aeTitles: readonly string[] | 'any';
  readonly callingAeTitles: readonly Caller[] | 'any';
  readonly maxAssociations: number;
  /** Of one calling AE title at one address. */
  readonly maxAssociationsPerCaller: number;
  /** Where the administrator finds all this in the settings: `dimse`, `listeners.NAME`. */
  readonly settingsKey: string;
}

/** What is known when an association is asked for. */
export interface Situation {
  readonly remoteAddress: string;
  readonly openAssociations: number;
  /** Of the same calling AE title at the same address. */
  readonly openOfCaller: number;
  readonly closing: boolean;
}

/** A refusal and the words for the administrator's log: what was seen, what was expected, and what to do. */
export interface Refusal {
  readonly reject: AssociateReject;
  readonly seen: string;
  readonly remedy: string;
}

/** Why the association cannot be had, or undefined. */
export function refusalOf(request: AssociateRequest, policy: AcceptancePolicy, situation: Situation): Refusal | undefined {
  return strangeProtocol(request) ?? stopping(situation) ?? wrongTitles(request, policy, situation) ?? tooMany(policy, situation);
}

const WHO_CONNECTS = 'Check what kind of program connects to this port.';

function strangeProtocol({ protocolVersion1, applicationContext }: AssociateRequest): Refusal | undefined {
  if (!protocolVersion1)
    return { reject: REJECT.protocolVersion, seen: 'the peer does not speak protocol version 1', remedy: WHO_CONNECTS };
  if (applicationContext === APPLICATION_CONTEXT) return undefined;
  const seen = isUid(applicationContext) ? applicationContext : 'that is no UID';
  return { reject: REJECT.applicationContext, seen: `application context ${seen}, expected ${APPLICATION_CONTEXT}`, remedy: WHO_CONNECTS };
}

function stopping({ closing }: Situation): Refusal | undefined {
  return closing ? { reject: REJECT.congestion, seen: 'the node is stopping', remedy: 'None; the sender may try again later.' } : undefined;
}

function wrongTitles(
  { calledAe, callingAe }: AssociateRequest,
  { aeTitles, callingAeTitles, settingsKey }: AcceptancePolicy,
  { remoteAddress }: Situation,
): Refusal | undefined {
  if (aeTitles !== 'any' && !aeTitles.includes(calledAe))
    return {
      reject: REJECT.calledAe,
      seen: `called AE title "${calledAe}", ours: ${quoted(aeTitles)}`,
      remedy: `Correct the called AE title at the sender, or add it to \`${settingsKey}.aeTitles\`.`,
    };
  if (callingAeTitles === 'any') return undefined;
  const ofThatTitle = callingAeTitles.filter((caller) => titleOf(caller) === callingAe);
  if (ofThatTitle.length === 0)
    return {
      reject: REJECT.callingAe,
      seen: `calling AE title "${callingAe}", allowed: ${quoted([...new Set(callingAeTitles.map(titleOf))])}`,
      remedy: `Add it to \`${settingsKey}.callingAeTitles\` if this sender is meant to send here.`,
    };
  if (ofThatTitle.some((caller) => typeof caller === 'string' || new IpRanges(caller.addresses).contains(remoteAddress))) return undefined;
  const addresses = ofThatTitle.flatMap((caller) => (typeof caller === 'string' ? [] : caller.addresses));
  return {
    reject: REJECT.callingAe,
    seen: `calling AE title "${callingAe}" from ${remoteAddress}, allowed from ${addresses.join(', ')}`,
    remedy: `Add the address in \`${settingsKey}.callingAeTitles\` if it is that sender; if not, find out who uses its AE title.`,
  };
}

function tooMany(
  { maxAssociations, maxAssociationsPerCaller, settingsKey }: AcceptancePolicy,
  { openAssociations, openOfCaller }: Situation,
): Refusal | undefined {
  if (openAssociations >= maxAssociations)
    return {
      reject: REJECT.localLimit,
      seen: `${openAssociations} associations are open, at most ${maxAssociations}`,
      remedy: `Raise \`${settingsKey}.maxAssociations\` if this happens often; the sender tries again.`,
    };
  if (openOfCaller < maxAssociationsPerCaller) return undefined;
  return {
    reject: REJECT.localLimit,
    seen: `${openOfCaller} associations of this caller are open, at most ${maxAssociationsPerCaller}`,
    remedy: `Have the sender open fewer, or raise \`${settingsKey}.maxAssociationsPerCaller\`; the sender tries again.`,
  };
}

function titleOf(caller: Caller): string {
  return typeof caller === 'string' ? caller : caller.aeTitle;
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
