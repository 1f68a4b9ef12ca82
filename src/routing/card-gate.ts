/** What a model's card says that it does not take. Only what is known of a series counts against it: what is missing passes. */
import type { CardInput } from '../models/card.js';
import type { SeriesFacts } from './facts.js';

/** Written thicknesses are rounded: more than this above the card's counts. */
export const THICKNESS_TOLERANCE_MM = 0.01;

/**
 * Why the model does not take this series for this input; undefined where it does, as far as is known. An input that the card
 * does not name may be any of the card's.
 */
export function cardRefusal(
  series: SeriesFacts,
  inputName: string,
  card: { readonly inputs: readonly CardInput[] } | undefined,
): string | undefined {
  const refusals = cardInputsFor(inputName, card).map((input) => refusal(series, input));
  return refusals.every((text) => text !== undefined) ? refusals[0] : undefined;
}

/** The inputs of a card that an input of a rule may be: the one that is called so, else any that takes DICOM objects. */
export function cardInputsFor(inputName: string, card: { readonly inputs: readonly CardInput[] } | undefined): readonly CardInput[] {
  const images = imageInputs(card);
  const named = images.filter(({ label }) => slug(label) === slug(inputName));
  return named.length > 0 ? named : images;
}

/** The inputs of a card that are series of a study: images, and what was drawn on them. */
export function imageInputs(card: { readonly inputs: readonly CardInput[] } | undefined): readonly CardInput[] {
  return card?.inputs.filter(({ format }) => SERIES_FORMATS.includes(format)) ?? [];
}

/** In MHub's cards `DICOMSEG` is a segmentation that somebody made before. */
const SERIES_FORMATS: readonly string[] = ['DICOM', 'DICOMSEG', 'RTSTRUCT'];

function slug(label: string): string {
  return label.toLowerCase().replace(/[^a-z0-9]/g, '');
}

function refusal(series: SeriesFacts, input: CardInput): string | undefined {
  const { modality, facts } = series;
  if (modality !== undefined && input.modalities.length > 0 && !input.modalities.includes(modality.toUpperCase()))
    return `modality ${modality}, the model takes ${input.modalities.join(' or ')}`;
  const [thickness] = facts.sliceThicknessMm.values;
  const most = input.sliceThicknessMm;
  if (most !== undefined && typeof thickness === 'number' && thickness > most + THICKNESS_TOLERANCE_MM)
    return `slice thickness ${thickness} mm, the model takes at most ${most} mm`;
  const [contrast] = facts.contrast.values;
  if (contrast === 'no' && input.contrast === 'required') return 'without contrast agent, the model takes only series with it';
  if (contrast === 'yes' && input.contrast === 'without') return 'with contrast agent, the model takes only series without it';
  return undefined;
}
