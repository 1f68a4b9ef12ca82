/**
 * Model cards: MHub's `meta.json`, read into our own words. Cards in the field are not clean (dates in a dozen spellings,
 * empty ids, `MRI|CT` as a modality), so only what the node needs is demanded; the card as written is kept beside.
 */
import { z } from 'zod';
import type { Fault } from '../foundation/faults.js';
import { validate, type Validation, type YamlDocument } from '../foundation/yaml.js';

/** What a card says of contrast agent in an input. MHub's (false, false) says nothing, not "neither". */
export type CardContrast = 'required' | 'without' | 'either' | 'unknown';

export interface CardInput {
  readonly label: string;
  readonly description: string;
  /** `DICOM`, `DICOMSEG`, `NIFTI`, … in upper case. */
  readonly format: string;
  /** DICOM's own codes, in upper case: `MRI|CT` becomes MR and CT. */
  readonly modalities: readonly string[];
  /** In upper case; not a DICOM code string (`WHOLEBODY`, `CHEST`). Undefined where the card says none. */
  readonly bodyPart?: string;
  /** The largest of the numbers in the text (`0.5 x 0.5 x 3.0 mm` is 3); undefined for `n/a` and the like. */
  readonly sliceThicknessMm?: number;
  readonly contrast: CardContrast;
}

export type CardOutput =
  | { readonly type: 'segmentation'; readonly label: string; readonly structures: readonly string[] }
  | { readonly type: 'prediction'; readonly label: string; readonly valueType: string }
  | { readonly type: 'other'; readonly label: string };

export interface ModelCard {
  /** Lower case letters, digits and `_`; the name that rules use. */
  readonly name: string;
  readonly title: string;
  readonly description: string;
  /** Digits and dots. */
  readonly version: string;
  readonly inputs: readonly CardInput[];
  readonly outputs: readonly CardOutput[];
  readonly license: { readonly code: string; readonly weights: string };
  readonly cite: string;
  /** The card as it was written, for pages and for export. */
  readonly raw: Readonly<Record<string, unknown>>;
}

/** A text that may be absent, or a number or flag that somebody wrote instead of one. */
const loose = z
  .union([z.string(), z.number(), z.boolean()])
  .optional()
  .catch(undefined)
  .transform((value) => String(value ?? '').trim());
const flag = z.boolean().optional().catch(undefined);

const inputSchema = z.looseObject({
  label: loose,
  description: loose,
  format: loose,
  modality: z.string({ error: 'must be a text like CT or "MR|CT"' }).trim().min(1),
  bodypartexamined: loose,
  slicethickness: loose,
  contrast: flag,
  'non-contrast': flag,
});

const outputSchema = z.looseObject({
  type: loose,
  label: loose,
  valueType: loose,
  classes: z.array(z.string()).optional(),
});

const licences = z.looseObject({ code: loose, weights: loose }).optional();

const cardSchema = z.looseObject({
  name: z.string().regex(/^[a-z0-9_]+$/, 'must be a name of lower-case letters, digits and "_"'),
  title: loose,
  summary: z.looseObject({
    description: loose,
    inputs: z.array(inputSchema).min(1),
    outputs: z.array(outputSchema).min(1),
  }),
  details: z.looseObject({
    version: z.string({ error: 'must be a text of digits and dots' }).regex(/^\d+(\.\d+)*$/, 'must be digits and dots, like 1.0.0'),
    cite: loose,
    license: licences,
    // Some cards spell it so, and so does MHub's API.
    licence: licences,
  }),
});

/** A `meta.json` as a card; `document` comes from `parseYaml`, so that faults have lines. */
export function parseCard(document: YamlDocument): Validation<ModelCard> {
  const checked = validate(document, cardSchema);
  if (!checked.ok) return checked;
  const card = cardOf(checked.value);
  const faults = promisesNothing(document, card);
  return faults.length > 0 ? { ok: false, faults } : { ok: true, value: card };
}

/** What stands among the classes of some cards, and is no structure. */
const NO_STRUCTURE = 'BACKGROUND';

/** The structures that a card promises, each once: what its outputs name, without the background. */
export function structuresOf({ outputs }: Pick<ModelCard, 'outputs'>): string[] {
  const named = outputs.flatMap((output) => (output.type === 'segmentation' ? output.structures : []));
  return [...new Set(named)].filter((id) => id !== NO_STRUCTURE);
}

function cardOf(written: z.output<typeof cardSchema>): ModelCard {
  const { summary, details } = written;
  return {
    name: written.name,
    title: written.title || written.name,
    description: summary.description,
    version: details.version,
    inputs: summary.inputs.map(inputOf),
    outputs: summary.outputs.map(outputOf),
    license: licenceOf(details.license ?? details.licence),
    cite: details.cite,
    raw: written,
  };
}

function licenceOf(written: z.output<typeof licences>): ModelCard['license'] {
  return { code: written?.code ?? '', weights: written?.weights ?? '' };
}

function inputOf(written: z.output<typeof inputSchema>): CardInput {
  const bodyPart = said(written.bodypartexamined)?.toUpperCase();
  const sliceThicknessMm = millimetres(written.slicethickness);
  return {
    label: written.label,
    description: written.description,
    format: (said(written.format) ?? 'DICOM').toUpperCase(),
    modalities: modalitiesIn(written.modality),
    ...(bodyPart === undefined ? {} : { bodyPart }),
    ...(sliceThicknessMm === undefined ? {} : { sliceThicknessMm }),
    contrast: contrastOf(written.contrast, written['non-contrast']),
  };
}

function outputOf(written: z.output<typeof outputSchema>): CardOutput {
  const type = written.type.toLowerCase();
  if (type === 'segmentation') return { type, label: written.label, structures: written.classes ?? [] };
  if (type === 'prediction') return { type, label: written.label, valueType: written.valueType };
  return { type: 'other', label: written.label };
}

/** A segmentation card without classes promises nothing that the gate could look for. */
function promisesNothing(document: YamlDocument, card: ModelCard): Fault[] {
  return card.outputs.flatMap((output, index) =>
    output.type === 'segmentation' && output.structures.length === 0
      ? [document.fault(['summary', 'outputs', index, 'classes'], 'a segmentation needs at least one class')]
      : [],
  );
}

/** Spellings that people use beside DICOM's own codes (PS3.3 C.7.3.1.1.1). */
const MODALITY_CODES: Readonly<Record<string, string>> = { MRI: 'MR', PET: 'PT', XRAY: 'DX', 'X-RAY': 'DX' };

function modalitiesIn(text: string): string[] {
  const words = text
    .toUpperCase()
    .split(/[|,/;\s]+/)
    .filter((word) => word !== '' && word !== 'OR');
  return [...new Set(words.map((word) => MODALITY_CODES[word] ?? word))];
}

function millimetres(text: string): number | undefined {
  const numbers = (text.match(/\d+(\.\d+)?/g) ?? []).map(Number).filter((value) => value > 0);
  return numbers.length > 0 ? Math.max(...numbers) : undefined;
}

function contrastOf(withContrast: boolean | undefined, without: boolean | undefined): CardContrast {
  if (withContrast === true) return without === true ? 'either' : 'required';
  return without === true ? 'without' : 'unknown';
}

/** A text that says something, not one of the ways to say nothing. */
function said(text: string): string | undefined {
  return text === '' || /^(n\/?a|none|unknown|-)$/i.test(text) ? undefined : text;
}
