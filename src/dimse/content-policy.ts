/** Which SOP classes and transfer syntaxes a listener takes, of those that the node could take. */
import type { ProposedContext } from './associate.js';
import { isStorageClass } from './uids.js';

/** UIDs; without `allow` all but those of `deny`. */
export interface Choice {
  readonly allow?: readonly string[] | undefined;
  readonly deny?: readonly string[] | undefined;
}

export interface ContentPolicy {
  /** `allow` is about storage classes only: it does not take away Verification and other services. */
  readonly sopClasses: Choice;
  /** Of storage classes; commands and queries come in any. */
  readonly transferSyntaxes: Choice;
}

/** The contexts as a sender would have proposed them that knew the policy: what it does not allow is blank. */
export function withinPolicy(contexts: readonly ProposedContext[], { sopClasses, transferSyntaxes }: ContentPolicy): ProposedContext[] {
  return contexts.map((context) => {
    if (!isStorageClass(context.abstractSyntax)) return isDenied(context.abstractSyntax, sopClasses) ? blank(context) : context;
    if (!isIn(context.abstractSyntax, sopClasses)) return blank(context);
    return { ...context, transferSyntaxes: context.transferSyntaxes.filter((uid) => isIn(uid, transferSyntaxes)) };
  });
}

function blank(context: ProposedContext): ProposedContext {
  return { ...context, abstractSyntax: '' };
}

function isIn(uid: string, choice: Choice): boolean {
  return (choice.allow?.includes(uid) ?? true) && !isDenied(uid, choice);
}

function isDenied(uid: string, { deny }: Choice): boolean {
  return deny?.includes(uid) ?? false;
}
