/** Makes wholes of their parts. What is a part of what is the knowledge of the table (dicom/structures/wholes.ts). */
import { z } from 'zod';
import { valuesIn } from '../../dicom/seg/mask.js';
import { isPartOf } from '../../dicom/structures/table.js';
import { lackOf, planWhole } from '../../dicom/structures/wholes.js';
import type { WholePlan } from '../../dicom/structures/wholes.js';
import { AnteroomError } from '../../foundation/errors.js';
import { CaseModule } from '../module.js';
import type { Case, ModuleContext, Remark, Segmentation } from '../module.js';
import { structureId } from '../structure-id.js';

const settings = z.object({
  wholes: z.array(structureId).min(1).describe('The structures to make of their parts: `[LEFT_LUNG, RIGHT_LUNG]`.'),
  keep_parts: z.boolean().default(true).describe('False leaves out the parts of what was made.'),
  if_incomplete: z
    .enum(['say', 'leave_out'])
    .default('say')
    .describe('A whole of which a part was not found: `say` makes it, and log, label and description tell; `leave_out` makes none.'),
});

/** A structure and the label values that show it. */
interface Shown {
  readonly id: string;
  readonly values: readonly number[];
  readonly remark?: Remark;
}

/** A whole that is there already is taken as it is; else it is the union of its parts. A part without a voxel counts as missing. */
export class SegmentCombiner extends CaseModule {
  static readonly does = 'makes wholes of their parts, such as lungs of lobes';
  static readonly settings = settings;
  readonly inputs = ['segmentation'] as const;
  readonly outputs = ['segmentation'] as const;

  constructor(private readonly options: z.output<typeof settings>) {
    super();
  }

  override structuresAfter(before: readonly string[]): readonly string[] {
    const plans = this.#plans(before);
    const unknown = plans.filter(({ state }) => state === 'absent').map(({ id }) => id);
    if (unknown.length > 0)
      throw new AnteroomError(
        'MODEL_INVALID',
        `SegmentCombiner shall make ${unknown.join(', ')}, of which no part is among ${before.join(', ')}`,
      );
    const made = plans.filter((plan) => this.#isMade(plan));
    return [...before.filter((id) => !this.#isDropped(id, made)), ...made.map(({ id }) => id)];
  }

  work(one: Case, { log }: ModuleContext): Promise<void> {
    const segmentation = one.get('segmentation');
    const shown = shownBy(segmentation);
    this.structuresAfter(shown.map(({ id }) => id));
    const present = valuesIn(segmentation.labelMap.labels);
    const found = shown.filter(({ values }) => values.some((value) => present.has(value)));
    const plans = this.#plans(found.map(({ id }) => id));
    for (const plan of plans) log(plan.state === 'given' || plan.state === 'complete' ? 'NOTICE' : 'WARNING', this.#text(plan));
    const made = plans.filter((plan) => this.#isMade(plan));
    const kept = shown.filter(({ id }) => !this.#isDropped(id, made));
    const unions = made.map((plan) => unionOf(plan, shown));
    one.set('segmentation', relabelled(segmentation, shown, kept, unions));
    return Promise.resolve();
  }

  #plans(given: readonly string[]): WholePlan[] {
    return this.options.wholes.map((id) => planWhole(id, new Set(given)));
  }

  #isMade({ state }: WholePlan): boolean {
    return state === 'complete' || (state === 'incomplete' && this.options.if_incomplete === 'say');
  }

  #isDropped(id: string, made: readonly WholePlan[]): boolean {
    return !this.options.keep_parts && !this.options.wholes.includes(id) && made.some((whole) => isPartOf(id, whole.id));
  }

  #text(plan: WholePlan): string {
    if (plan.state === 'given') return `${plan.id} is there as a whole`;
    if (plan.state === 'absent') return `${plan.id}: none of its parts was found`;
    if (plan.state === 'complete') return `${plan.id} of ${plan.from.join(', ')}`;
    return `${plan.id} of ${plan.from.join(', ')} is incomplete, ${lackOf(plan)}${this.#isMade(plan) ? '' : '; it is left out'}`;
  }
}

function shownBy({ structures, wholes = [] }: Segmentation): Shown[] {
  return [...structures.map(({ value, ...structure }) => ({ ...structure, values: [value] })), ...wholes];
}

/** What a part lacks, its whole lacks too. */
function unionOf(plan: WholePlan, shown: readonly Shown[]): Shown {
  const parts = shown.filter(({ id }) => plan.from.includes(id));
  const own: Remark | undefined = plan.state === 'incomplete' ? { word: 'incomplete', text: `Incomplete: ${lackOf(plan)}.` } : undefined;
  const remark = own ?? parts.map((part) => part.remark).find((inherited) => inherited?.word === 'incomplete');
  return { id: plan.id, values: parts.flatMap(({ values }) => values), ...(remark === undefined ? {} : { remark }) };
}

/** A union becomes a label of its own where nothing else needs the labels of its parts; labels that nothing shows any more become background. */
function relabelled({ labelMap }: Segmentation, before: readonly Shown[], kept: readonly Shown[], unions: readonly Shown[]): Segmentation {
  const after = [...kept, ...unions];
  const isAlone = (one: Shown) => after.every((other) => other === one || !other.values.some((value) => one.values.includes(value)));
  const [merged, shared] = [unions.filter(isAlone), unions.filter((union) => !isAlone(union))];
  const newValue = new Map<number, number>();
  for (const value of before.flatMap(({ values }) => values)) {
    const union = merged.find(({ values }) => values.includes(value));
    newValue.set(value, union?.values[0] ?? (after.some(({ values }) => values.includes(value)) ? value : 0));
  }
  const single = [...kept.filter(({ values }) => values.length === 1), ...merged];
  const wholes = [...kept.filter(({ values }) => values.length > 1), ...shared];
  return {
    labelMap: { grid: labelMap.grid, labels: labelMap.labels.map((label) => newValue.get(label) ?? label) },
    structures: single.map(({ values, ...structure }) => ({ ...structure, value: values[0] })),
    ...(wholes.length === 0 ? {} : { wholes }),
  };
}
