/** A card prepared for searching. */
import { structureById, wholesOf } from '../../dicom/structures/table.js';
import { structuresOf, type ModelCard } from '../card.js';
import { usePermitted, type LicenceUse } from '../licence.js';
import { keyOf, singular, unitsOf } from './units.js';

export interface IndexedCard {
  readonly card: ModelCard;
  readonly use: LicenceUse;
  /** Structures that it gives, as far as the table has them. */
  readonly structures: ReadonlySet<string>;
  /** Structures of which it gives a part, with those parts; every structure is its own first part. */
  readonly parts: ReadonlyMap<string, readonly string[]>;
  readonly modalities: ReadonlySet<string>;
  readonly bodyParts: ReadonlySet<string>;
  readonly segments: boolean;
  readonly predicts: boolean;
  /** Single words of name and title. */
  readonly titleWords: ReadonlySet<string>;
  /** Single words of everything it says of itself. */
  readonly words: ReadonlySet<string>;
  /** The same as one text with blanks around, for phrases. */
  readonly text: string;
}

/** Prepares a card; done once for each, searches are many. */
export function indexCard(card: ModelCard): IndexedCard {
  const classes = structuresOf(card);
  const known = classes.filter((id) => structureById(id) !== undefined);
  const parts = new Map<string, string[]>();
  for (const id of known) for (const whole of wholesOf(id)) parts.set(whole, [...(parts.get(whole) ?? []), id]);
  const titleUnits = unitsOf(`${card.name.replaceAll('_', ' ')} ${card.title}`);
  const told = [
    card.description,
    ...card.outputs.map(({ label }) => label),
    ...card.inputs.map(({ label, description }) => `${label} ${description}`),
  ];
  const units = [...titleUnits, ...told.flatMap(unitsOf)].map(singular);
  return {
    card,
    use: usePermitted(card.license),
    structures: new Set(known),
    parts,
    modalities: new Set(card.inputs.flatMap(({ modalities }) => modalities)),
    bodyParts: new Set(card.inputs.flatMap(({ bodyPart }) => bodyPart ?? [])),
    segments: classes.length > 0,
    predicts: card.outputs.some(({ type }) => type !== 'segmentation'),
    titleWords: new Set(titleUnits.map(singular)),
    words: new Set(units),
    text: ` ${keyOf(units)} `,
  };
}
