/**
 * How the series of a run lie in the input folder of a model. Models of MHub's with one series take any folder of DICOM files; those
 * with several find them by the names of sub-folders, and each such model has names of its own.
 */
import { z } from 'zod';
import type { CardInput } from './card.js';

/** The input folder itself. */
const WHOLE = '.';

/** A folder for each input by its name, relative to the input folder; `{study}` and `{series}` stand for the UIDs. */
export type FoldersByInput = Readonly<Record<string, string>>;

/** The layouts in use, by the names that model.yaml may give them. */
export const NAMED_LAYOUTS = {
  'ct-pt': { ct: '{study}/ct', pt: '{study}/pt' },
  'ct-pet': { ct: '{study}/ct', pet: '{study}/pet' },
  't2w-adc-hbv': { t2w: '{study}/t2w', adc: '{study}/adc', hbv: '{study}/hbv' },
  't2-adc': { T2: '{study}/T2', ADC: '{study}/ADC' },
  // MHub's importer finds by itself which image a segmentation is of, by its references.
  'ct-seg': { ct: WHOLE, seg: WHOLE },
} as const satisfies Record<string, FoldersByInput>;

const NAMES = Object.keys(NAMED_LAYOUTS) as (keyof typeof NAMED_LAYOUTS)[];

const PART = /^(?=.*[^.])(?:[A-Za-z0-9_.-]|\{study\}|\{series\})+$/;
const isFolder = (text: string) => text === WHOLE || text.split('/').every((part) => PART.test(part));

/** `input.layout` of model.yaml. */
export const layoutSchema = z
  .union(
    [
      z.enum(['flat', ...NAMES]),
      z.record(z.string().regex(/^[A-Za-z0-9_-]{1,64}$/), z.string().refine(isFolder)).refine((folders) => Object.keys(folders).length > 0),
    ],
    {
      error: `must be flat, ${NAMES.join(', ')}, or a folder below the input folder for each input, as in {ct: "{study}/ct", pt: "{study}/pt"}; {study} and {series} stand for the UIDs`,
    },
  )
  .default('flat')
  .describe(
    `How the series lie in the input folder: \`flat\`, all files in it; ${NAMES.map((name) => `\`${name}\``).join(', ')}, as MHub's models with several inputs want it; or a folder for each input by its name.`,
  );

export type InputLayout = z.output<typeof layoutSchema>;

/** The folder of each input by name; undefined for `flat`, which takes inputs of any name. */
export function foldersOf(layout: InputLayout): FoldersByInput | undefined {
  if (layout === 'flat') return undefined;
  return typeof layout === 'string' ? NAMED_LAYOUTS[layout] : layout;
}

export interface ChosenInput {
  readonly name: string;
  readonly seriesInstanceUid: string;
}

/**
 * Where the series of each input lie, relative to the input folder, in the order of `inputs`. A model with one input takes it by any name.
 * A text where the names are not those of the layout.
 */
export function placesOf(layout: InputLayout, inputs: readonly ChosenInput[], studyInstanceUid: string): readonly string[] | string {
  const folders = foldersOf(layout);
  if (folders === undefined) return inputs.map(() => WHOLE);
  const wanted = Object.keys(folders);
  const names = inputs.map(({ name }) => name);
  const fits = wanted.length === names.length && (wanted.length === 1 || names.every((name) => wanted.includes(name)));
  if (!fits) return `input${names.length === 1 ? '' : 's'} ${names.join(', ')}; the model takes ${wanted.join(', ')}`;
  return inputs.map(({ name, seriesInstanceUid }) =>
    (folders[name] ?? Object.values(folders)[0] ?? WHOLE).replaceAll('{study}', studyInstanceUid).replaceAll('{series}', seriesInstanceUid),
  );
}

/** What the names of inputs say of their modality. */
const MODALITY_OF_NAME: Readonly<Record<string, string>> = { ct: 'CT', pt: 'PT', pet: 'PT', mr: 'MR', seg: 'SEG' };

/**
 * The inputs of a card under the names that the layout has for them, for their labels in MHub's cards are free texts: the one of that
 * label, else of that modality, and what is left in order. As they are where there is no layout, or it has another number of them.
 */
export function inputsByName(inputs: readonly CardInput[], layout: InputLayout): readonly CardInput[] {
  const names = Object.keys(foldersOf(layout) ?? {});
  if (names.length === 0 || names.length !== inputs.length) return inputs;
  const nameOf = new Map<CardInput, string>();
  const assign = (fits: (input: CardInput, name: string) => boolean) => {
    for (const name of names.filter((one) => ![...nameOf.values()].includes(one))) {
      const input = inputs.find((one) => !nameOf.has(one) && fits(one, name));
      if (input !== undefined) nameOf.set(input, name);
    }
  };
  assign(({ label }, name) => label.toLowerCase() === name.toLowerCase());
  assign(({ modalities }, name) => modalities.includes(MODALITY_OF_NAME[name.toLowerCase()] ?? ''));
  assign(() => true);
  return inputs.map((input) => ({ ...input, label: nameOf.get(input) ?? input.label }));
}
