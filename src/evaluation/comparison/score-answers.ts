/** Two answers to the same case held against each other, structure by structure. Pure. */
import { lackOf, type WholePlan } from '../../dicom/structures/wholes.js';
import { commonGrid, type CommonGrid } from '../compare/common-grid.js';
import { compareMasks } from '../metrics/compare-masks.js';
import { valueOf } from '../metrics/measured.js';
import type { Answer } from './answer.js';
import { NO_FIGURES, type Had, type StructureScore } from './case-score.js';

/**
 * The figures of each structure that the reference has, or the output: of those that only one of both has as it is, the other puts the whole
 * together of its parts; `alsoOf` are wholes that are asked of both. Of wholes that lack a part no figures are made, unless its maker promises that part: they would measure what is missing.
 * Where the table knows parts only and none is missing, there are figures, and what is lacking is said. One mask of each is in memory.
 */
export function scoreAnswers(reference: Answer, output: Answer, alsoOf: Iterable<string> = []): StructureScore[] {
  const structures = [...new Set([...reference.structures, ...output.structures, ...alsoOf])];
  const grid = commonGrid(...reference.segmentations, ...output.segmentations);
  return structures.flatMap((structure) => {
    const [expected, seen] = [reference.planOf(structure), output.planOf(structure)];
    if (expected.state === 'absent' && seen.state === 'absent') return [];
    if ('seen' in grid) return [withoutGrid(structure, expected, seen, grid.seen)];
    return [scoreStructure(structure, { reference, output, expected, seen, grid })];
  });
}

/** The volumes of each structure of an answer that nothing is held against, and of the wholes that others may have. */
export function volumesOf(output: Answer, alsoOf: Iterable<string> = []): StructureScore[] {
  const grid = commonGrid(...output.segmentations);
  const structures = [...new Set([...output.structures, ...alsoOf])];
  return structures
    .map((structure) => ({ structure, plan: output.planOf(structure) }))
    .filter(({ plan }) => plan.state !== 'absent')
    .map(({ structure, plan }) => ({
      structure,
      output: had(plan, 'seen' in grid ? null : volumeMl(output, plan, grid)),
      figures: NO_FIGURES,
      ...('seen' in grid ? { why: grid.seen } : {}),
    }));
}

interface Pair {
  readonly reference: Answer;
  readonly output: Answer;
  readonly expected: WholePlan;
  readonly seen: WholePlan;
  readonly grid: CommonGrid;
}

function scoreStructure(structure: string, { reference, output, expected, seen, grid }: Pair): StructureScore {
  const compared = compareMasks(reference.maskOf(expected, grid), output.maskOf(seen, grid), grid.extent, grid.spacingMm);
  const { volumeMl: volumes, dice, surfaceDistances, relativeVolumeDifference } = compared;
  const sides = {
    structure,
    output: had(seen, volumes.output),
    reference: had(expected, volumes.reference),
  };
  const why = whyNot({ reference, output, expected, seen });
  if (why !== undefined) return { ...sides, figures: NO_FIGURES, why };
  const distances = valueOf(surfaceDistances);
  return {
    ...sides,
    figures: {
      dice: valueOf(dice) ?? null,
      hausdorffMm: distances?.hausdorffMm ?? null,
      hausdorff95Mm: distances?.hausdorff95Mm ?? null,
      meanSurfaceDistanceMm: distances?.meanMm ?? null,
      volumeDifferenceMl: volumes.difference,
      relativeVolumeDifference: valueOf(relativeVolumeDifference) ?? null,
    },
    ...('undefinedBecause' in surfaceDistances ? { why: surfaceDistances.undefinedBecause } : {}),
  };
}

/** Why two plans of a structure are not measured against each other. */
function whyNot({ reference, output, expected, seen }: Omit<Pair, 'grid'>): string | undefined {
  if (expected.state === 'absent') return 'the reference has nothing of it';
  if (seen.state === 'absent') return 'the output has nothing of it';
  if (reference.isPartial(expected)) return `the reference is incomplete: ${lackOf(expected)}`;
  return output.isPartial(seen) ? `the output is incomplete: ${lackOf(seen)}` : undefined;
}

function withoutGrid(structure: string, expected: WholePlan, seen: WholePlan, why: string): StructureScore {
  return { structure, output: had(seen, null), reference: had(expected, null), figures: NO_FIGURES, why };
}

function had(plan: WholePlan, volume: number | null): Had {
  return { state: plan.state, lack: plan.state === 'absent' ? '' : lackOf(plan), volumeMl: plan.state === 'absent' ? null : volume };
}

function volumeMl(answer: Answer, plan: WholePlan, grid: CommonGrid): number {
  const [si, sj, sk] = grid.spacingMm;
  let voxels = 0;
  for (const voxel of answer.maskOf(plan, grid)) voxels += voxel;
  return (voxels * si * sj * sk) / 1000;
}
