/**
 * What an object that leaves as it is refers to, wherever in it. All of that must be what the run was given, what the given images refer to
 * themselves in the same place, or what the run writes: else a reader looks for what is not there, or at another patient's images.
 */
import type { DataSet } from '../../dicom/element/parse.js';
import { TAG } from '../../dicom/element/tags.js';
import { CONCEPT } from '../../dicom/sr/concepts.js';
import { isConcept } from '../../dicom/structures/code.js';
import { readCodes } from '../../dicom/structures/code-items.js';
import type { RunSources } from '../run-sources.js';
import type { GateReason } from '../verdict.js';
import type { Sibling, Siblings } from './form.js';

/** At most so many references are named in the reasons. */
const MAX_NAMED = 3;

/** More than headers that were copied have, of images of thousands of frames as well. */
const MAX_STRANGE = 10_000;

export interface Reference {
  readonly kind: 'instance' | 'series' | 'study' | 'frame of reference';
  readonly uid: string;
  /** The element of the object itself in which it lies, at whatever depth. */
  readonly root: number;
  /** Of an instance: what is said of it beside and around its UID. */
  readonly sopClassUid?: string | undefined;
  readonly seriesInstanceUid?: string | undefined;
}

/** What UIDs name, but ReferencedSOPInstanceUID, which has a class beside it. */
const NAMED = [
  ['study', TAG.StudyInstanceUID],
  ['series', TAG.SeriesInstanceUID],
  ['frame of reference', TAG.FrameOfReferenceUID],
  ['frame of reference', TAG.ReferencedFrameOfReferenceUID],
  ['frame of reference', TAG.RelatedFrameOfReferenceUID],
] as const;

/** Content items of reports whose value is such a UID (PS3.16 TID 1411, 1600). */
const NAMED_BY_CONCEPT = [
  ['study', CONCEPT.studyInstanceUid],
  ['series', CONCEPT.seriesInstanceUid],
  ['series', CONCEPT.sourceSeriesForSegmentation],
] as const;

/** Every reference of a data set, in its order. Its own study and series are none. */
export function referencesIn(dataset: DataSet): Reference[] {
  const frame = dataset.uid(TAG.FrameOfReferenceUID);
  const own: Reference[] = frame === undefined ? [] : [{ kind: 'frame of reference', uid: frame, root: TAG.FrameOfReferenceUID }];
  return [...own, ...inItems(dataset)];
}

function* inItems(dataset: DataSet, root?: number, series?: string): Generator<Reference> {
  for (const { tag, items = [] } of dataset.elements()) for (const item of items) yield* inItem(item, root ?? tag, series);
}

function* inItem(item: DataSet, root: number, around?: string): Generator<Reference> {
  for (const [kind, tag] of NAMED) for (const uid of item.texts(tag)) if (uid !== '') yield { kind, uid, root };
  const concept = item.has(TAG.UID) ? readCodes(item, TAG.ConceptNameCodeSequence)[0] : undefined;
  const named = concept && NAMED_BY_CONCEPT.find(([, known]) => isConcept(concept, known));
  if (named !== undefined) yield { kind: named[0], uid: item.uid(TAG.UID) ?? '', root };
  const seriesInstanceUid = item.uid(TAG.SeriesInstanceUID) ?? around;
  for (const uid of item.texts(TAG.ReferencedSOPInstanceUID))
    yield { kind: 'instance', uid, root, sopClassUid: item.uid(TAG.ReferencedSOPClassUID), seriesInstanceUid };
  yield* inItems(item, root, seriesInstanceUid);
}

/** What may be referred to. */
interface Known {
  readonly instances: ReadonlyMap<string, Pick<Sibling, 'sopClassUid' | 'seriesInstanceUid'>>;
  readonly uids: Readonly<Record<Exclude<Reference['kind'], 'instance'>, ReadonlySet<string>>>;
}

/** Why references must not leave; none where all may. */
export async function judgeReferences(references: readonly Reference[], sources: RunSources, siblings: Siblings): Promise<GateReason[]> {
  const strange = strangeAmong(references, await knownTo(sources, siblings));
  if (strange.size > MAX_STRANGE)
    return [...[...strange.values()].slice(0, MAX_NAMED), unlike(`more than ${MAX_STRANGE} such references`, 'none')];
  if (strange.size > 0) await dropRepeated(strange, sources);
  const reasons = new Map([...strange.values()].map((reason) => [`${reason.seen} ${reason.expected}`, reason]));
  return namedReasons([...reasons.values()], (reason) => reason);
}

/** By what each is and where it stands, why it is strange; of more than `MAX_STRANGE` not all. An object may hold a million references. */
function strangeAmong(references: readonly Reference[], known: Known): Map<string, GateReason> {
  const strange = new Map<string, GateReason>();
  for (const reference of references) {
    if (strange.size > MAX_STRANGE) break;
    if (strange.has(placed(reference))) continue;
    const reason = reference.kind === 'instance' ? judgeInstance(reference, known) : judgeNamed(reference, known);
    if (reason !== undefined) strange.set(placed(reference), reason);
  }
  return strange;
}

/** Takes out what a given image has in the same place, whichever a model has copied the header of; headers are read as far as that takes. */
async function dropRepeated(strange: Map<string, GateReason>, sources: RunSources): Promise<void> {
  for await (const head of sources.allHeads()) {
    for (const reference of referencesIn(head)) strange.delete(placed(reference));
    if (strange.size === 0) return;
  }
}

async function knownTo(sources: RunSources, siblings: Siblings): Promise<Known> {
  const heads = await sources.heads();
  const inputs = sources.inputs.flatMap(({ instances }) => instances);
  const objects = [...siblings.values()];
  const all = (tag: number) => heads.flatMap((head) => head.uid(tag) ?? []);
  const instances = new Map<string, Pick<Sibling, 'sopClassUid' | 'seriesInstanceUid'>>(siblings);
  for (const { sop_instance_uid, sop_class_uid, series_instance_uid } of inputs)
    instances.set(sop_instance_uid, { sopClassUid: sop_class_uid, seriesInstanceUid: series_instance_uid });
  return {
    instances,
    uids: {
      study: new Set(all(TAG.StudyInstanceUID)),
      series: new Set([
        ...sources.inputs.map(({ seriesInstanceUid }) => seriesInstanceUid),
        ...objects.flatMap(({ seriesInstanceUid }) => seriesInstanceUid ?? []),
      ]),
      'frame of reference': new Set(all(TAG.FrameOfReferenceUID)),
    },
  };
}

const placed = ({ kind, root, uid }: Reference) => `${kind} ${root} ${uid}`;

function judgeInstance({ uid, sopClassUid, seriesInstanceUid }: Reference, { instances, uids }: Known): GateReason | undefined {
  const known = instances.get(uid);
  // A study is named so too (PS3.3 C.8.8.5, RT Referenced Study Sequence).
  if (known === undefined && uids.study.has(uid)) return undefined;
  if (known === undefined)
    return unlike(`${uid || 'no UID'}, which is neither an input nor an output of the run`, 'instances of these only');
  if (sopClassUid !== undefined && known.sopClassUid !== undefined && sopClassUid !== known.sopClassUid)
    return unlike(`${uid} as of class ${sopClassUid}`, known.sopClassUid);
  if (seriesInstanceUid !== undefined && known.seriesInstanceUid !== undefined && seriesInstanceUid !== known.seriesInstanceUid)
    return unlike(`${uid} as of series ${seriesInstanceUid}`, known.seriesInstanceUid);
  return undefined;
}

function judgeNamed({ kind, uid }: Reference, { uids }: Known): GateReason | undefined {
  if (kind === 'instance' || uids[kind].has(uid)) return undefined;
  if (kind === 'study') return unlike(`study ${uid}`, [...uids.study].join(', ') || 'none');
  if (kind === 'series') return unlike(`series ${uid}, which is of no input, and not of one output alone`, 'series of these only');
  return { check: kind, seen: uid, expected: [...uids[kind]].join(', ') || 'none' };
}

const unlike = (seen: string, expected: string): GateReason => ({ check: 'reference', seen, expected });

/** The reasons of the first of them, and how many there are. */
export function namedReasons<T>(refused: readonly T[], reasonOf: (one: T) => GateReason): GateReason[] {
  const named = refused.slice(0, MAX_NAMED).map(reasonOf);
  return refused.length <= MAX_NAMED ? named : [...named, unlike(`${refused.length} such references in all`, 'none')];
}
