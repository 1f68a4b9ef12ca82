/** Whether each step of a workflow finds what it asks for: types for sure, metadata as far as it is known before anything runs. */
import { DATA_NAMES, itemText, segmentationMeta } from './items.js';
import type { DataName } from './items.js';
import { ImportModule } from './module.js';
import type { KitModule } from './module.js';
import { queryOf, Query } from './query.js';
import type { Kind } from './query.js';

export interface FlowFault {
  /** Of the step. */
  readonly index: number;
  readonly message: string;
}

/** What is wrong with the order of steps: the first imports, every later one finds its inputs and the attributes that it names. */
export function faultsOfFlow(steps: readonly { readonly label: string; readonly module: KitModule }[]): FlowFault[] {
  const made: Kind[] = [];
  const attributes = new Set<string>();
  return steps.flatMap(({ label, module }, index) => {
    const imports = module instanceof ImportModule;
    const messages = module.inputs
      .map((input) => (input instanceof Query ? input : queryOf(input)))
      .filter((query) => made.every((kind) => query.answer(kind) === 'no'))
      .map((query) => `${label} needs ${query.text}, which no module before it makes${madeText(made)}`);
    if (index === 0 && !imports) messages.push(`the first module must import, ${label} does not`);
    if (index > 0 && imports) messages.push(`only the first module may import, ${label} does too`);
    for (const name of module.attributes ?? []) {
      if (imports) attributes.add(name);
      else if (!attributes.has(name)) messages.push(`${label} names [i:${name}]; the cases have ${[...attributes].join(', ') || 'none'}`);
    }
    made.push(...kindsOf(module));
    return messages.map((message) => ({ index, message }));
  });
}

/** What a module leaves, as far as it is known. */
export function kindsOf(module: KitModule): Kind[] {
  const structures = module instanceof ImportModule ? undefined : module.structures;
  return module.outputs.map((output) => (typeof output === 'string' ? kindOf(output, structures) : output));
}

function kindOf(type: DataName, structures: readonly string[] | undefined): Kind {
  if (type !== 'segmentation') return { type, meta: {}, open: true };
  const { mod, roi } = segmentationMeta((structures ?? []).map((id, value) => ({ id, value })));
  return { type, meta: { mod, roi: structures === undefined ? null : roi }, open: true };
}

/** Only what has metadata that could have been asked for: types are listed by the query's own fault. */
function madeText(made: readonly Kind[]): string {
  const texts = DATA_NAMES.flatMap((type) => [...new Set(made.filter((kind) => kind.type === type).map(kindText))]);
  return texts.length === 0 ? '' : `; there is ${texts.join(', ')}`;
}

/** A kind as a query could ask for it; what only the run can tell is a question mark. */
export function kindText({ type, meta }: Kind): string {
  return itemText({ type, meta: Object.fromEntries(Object.entries(meta).map(([key, value]) => [key, value ?? '?'])) });
}
