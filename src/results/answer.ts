/** The outputs of a run seen together, as the model's one answer: what none of them shows on its own, and what of it is written. */
import type { Candidate } from './candidates.js';
import type { Accepted } from './judgement.js';
import { shows, type DrawnRegion, type GateReason } from './verdict.js';

/** An output that may leave. */
export type Passed = Candidate & Accepted;

/** What is asked of the answer as a whole. */
export interface AnswerPromised {
  /** Structures that must have voxels in some output. */
  readonly mustExist: readonly string[];
  /** UIDs of outputs that become those of results. */
  readonly resultUids: ReadonlyMap<string, string>;
}

/** Why the outputs must not leave together; none where they may. */
export function judgeAnswer(passed: readonly Passed[], { mustExist, resultUids }: AnswerPromised): GateReason[] {
  const drawn = passed.flatMap(({ regions = [] }) => regions).filter(({ voxelCount }) => voxelCount > 0);
  const absent = mustExist.filter((id) => !drawn.some((region) => shows(region, id)));
  return [
    ...absent.map((id): GateReason => ({
      check: 'required structure',
      seen: `no voxel of ${id}`,
      expected: 'some: the model card says that it must be there',
    })),
    ...judgeUnwritten(passed, resultUids),
  ];
}

/**
 * No object is written of an output in which nothing was found, so that nothing may refer to it. It is not made to refer to the report that
 * takes its place: what was said of a segment would then be said of a text.
 */
function judgeUnwritten(passed: readonly Passed[], resultUids: ReadonlyMap<string, string>): GateReason[] {
  const unwritten = passed.filter(({ verdict }) => verdict.empty);
  const written = passed.filter(({ verdict }) => !verdict.empty);
  return written.flatMap(({ output, references }) =>
    unwritten.flatMap((empty): GateReason[] => {
      const uid = [empty.sopInstanceUid, empty.seriesInstanceUid].find(
        (one) => one !== undefined && resultUids.has(one) && references?.has(one),
      );
      if (uid === undefined) return [];
      const seen = `${output.path} refers to ${uid}, ${empty.output.path}, in which nothing is drawn, so that no object is written of it`;
      return [{ check: 'reference', seen, expected: 'references to what leaves with it' }];
    }),
  );
}

/** What the outputs without anything in them say. */
export interface Unfound {
  /** The output that says so, or the first of them. */
  readonly says: Passed;
  /** What the model looked for and drew nowhere, as ids of the table or names as the model has them; none where no output says what it looked for. */
  readonly structures: readonly string[];
}

/** An output without anything in it. */
interface Unwritten {
  readonly says: Passed;
  /** What it looked for and no output has drawn; none where it does not say what it looked for. */
  readonly structures: readonly string[];
  /** Others have drawn all that it names. */
  readonly drawnElsewhere: boolean;
}

/** @param promised structures of an output that names no region itself, by the card; none where the card may name more than it looked for */
function unwrittenAmong(passed: readonly Passed[], promised: readonly string[]): Unwritten[] {
  const drawn = passed.flatMap(({ regions = [] }) => regions).filter(({ empty }) => !empty);
  const sole = passed.filter(({ regions }) => regions !== undefined).length === 1;
  return passed
    .filter(({ verdict }) => verdict.empty)
    .map((says) => {
      const named = (says.regions ?? []).map(nameOf).filter((name) => name !== '');
      const lookedFor = named.length > 0 || !sole ? named : promised;
      const structures = lookedFor.filter((id) => !drawn.some((region) => shows(region, id)));
      return { says, structures, drawnElsewhere: lookedFor.length > 0 && structures.length === 0 };
    });
}

/** What a report has to say of them. Undefined where there is no such output, or where others drew all that they name. `promised`: as above. */
export function unfoundIn(passed: readonly Passed[], promised: readonly string[]): Unfound | undefined {
  const open = unwrittenAmong(passed, promised).filter(({ drawnElsewhere }) => !drawnElsewhere);
  if (open.length === 0) return undefined;
  return { says: open[0].says, structures: [...new Set(open.flatMap(({ structures }) => structures))] };
}

/** The outputs without anything in them of which results tell: the report on what was not found (`unfound`), or those that drew all that they name. */
export function toldAmong(passed: readonly Passed[], unfound: Unfound | undefined): readonly Passed[] {
  return unwrittenAmong(passed, []).flatMap(({ says, drawnElsewhere }) => (unfound !== undefined || drawnElsewhere ? [says] : []));
}

function nameOf({ structure, name }: DrawnRegion): string {
  return structure?.id ?? name;
}

/** The reason of a run that is done and has found nothing, in all of its outputs or in some; null where each has something. */
export function nothingFoundText(passed: readonly Passed[], unfound: Unfound | undefined): string | null {
  const unwritten = passed.filter(({ verdict }) => verdict.empty);
  if (unwritten.length === 0) return null;
  const where = unwritten.length === passed.length ? '' : ` in ${unwritten.map(({ output }) => output.path).join(', ')}`;
  return `analysed, nothing segmented${where}: ${unfound === undefined ? 'no object is written' : 'a report says so'}`;
}
