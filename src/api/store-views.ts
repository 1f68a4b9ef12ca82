/** How the store is told: models found, and one model's card with all that it says. */
import { z } from 'zod';
import { structureById } from '../dicom/structures/table.js';
import type { CardInput, CardOutput } from '../models/card.js';
import type { Hit, SearchResult } from '../models/search/search.js';
import type { StoreModel } from '../models/store.js';

/** A model of the store in one line. */
export function storeModelView({ name, indexed: { card, use, structures }, row, offers, tested, gpu, otherVersion }: StoreModel) {
  return {
    name,
    title: card.title,
    description: card.description,
    version: row?.version ?? card.version,
    state: row?.state ?? null,
    digest: row?.digest ?? null,
    tested,
    gpu: gpu ?? null,
    otherVersion: otherVersion ?? null,
    modalities: [...new Set(card.inputs.flatMap(({ modalities }) => modalities))],
    bodyParts: [...new Set(card.inputs.flatMap(({ bodyPart }) => bodyPart ?? []))],
    structureCount: structures.size,
    licence: { ...card.license, use },
    offeredBy: offers.map(({ kind, source, digest, read_at: readAt }) => ({
      kind,
      source,
      digest,
      readAt: new Date(readAt).toISOString(),
    })),
  };
}

/** What a search found. */
export function searchView({ hits, notUnderstood }: SearchResult<StoreModel>) {
  return { hits: hits.map(hitView), notUnderstood };
}

function hitView({ model, score, reasons }: Hit<StoreModel>) {
  return { ...storeModelView(model), score: Math.round(score * 100) / 100, reasons };
}

const section = z.looseObject({
  text: z.string().catch(''),
  references: z.array(z.unknown()).catch([]),
  tables: z.array(z.unknown()).catch([]),
});
const told = section.optional().catch(undefined);
const number = z.number().nullable().catch(null);

/** The parts of a card that only people read. */
const raw = z.looseObject({
  summary: z.looseObject({
    model: z.unknown().optional(),
    data: z
      .looseObject({
        training: z.looseObject({ vol_samples: number }).optional().catch(undefined),
        evaluation: z.looseObject({ vol_samples: number }).optional().catch(undefined),
      })
      .optional()
      .catch(undefined),
  }),
  details: z.looseObject({ devteam: z.unknown().optional(), publications: z.unknown().optional(), github: z.unknown().optional() }),
  info: z
    .looseObject({ use: told, training: told, evaluation: told, analyses: told, ethics: told, limitations: told })
    .catch({})
    .optional(),
});

/** A model's card: what it says of its use, its data, its limits and its licences, and structures with their codes. */
export function cardView(model: StoreModel) {
  const { card } = model.indexed;
  const written = raw.parse(card.raw);
  const { info = {} } = written;
  return {
    ...storeModelView(model),
    inputs: card.inputs.map((input, index) => ({ ...inputView(input), asWritten: inputsAsWritten(card.raw)[index] ?? null })),
    outputs: card.outputs.map(outputView),
    use: info.use ?? null,
    training: { samples: written.summary.data?.training?.vol_samples ?? null, ...info.training },
    evaluation: { samples: written.summary.data?.evaluation?.vol_samples ?? null, ...info.evaluation },
    analyses: info.analyses ?? null,
    ethics: info.ethics ?? null,
    limitations: info.limitations ?? null,
    architecture: written.summary.model ?? null,
    team: written.details.devteam ?? null,
    publications: written.details.publications ?? [],
    code: written.details.github ?? null,
    cite: card.cite,
    pictures: [...new Set(model.offers.flatMap(({ pictures }) => JSON.parse(pictures) as string[]))],
  };
}

function inputView({ label, description, format, modalities, bodyPart, sliceThicknessMm, contrast }: CardInput) {
  return { label, description, format, modalities, bodyPart: bodyPart ?? null, sliceThicknessMm: sliceThicknessMm ?? null, contrast };
}

const writtenInput = z.looseObject({
  modality: z.unknown().optional(),
  bodypartexamined: z.unknown().optional(),
  slicethickness: z.unknown().optional(),
});

/** The words of the card that were read as something else: `MRI|CT`, `2.5 mm`. */
function inputsAsWritten(card: Readonly<Record<string, unknown>>) {
  const { summary } = z.object({ summary: z.object({ inputs: z.array(writtenInput) }) }).parse(card);
  return summary.inputs.map(({ modality, bodypartexamined, slicethickness }) => ({
    modality: modality ?? null,
    bodyPart: bodypartexamined ?? null,
    sliceThickness: slicethickness ?? null,
  }));
}

function outputView(output: CardOutput) {
  if (output.type !== 'segmentation') return { ...output, structures: [] };
  return { ...output, structures: output.structures.map(structureView) };
}

/** A class of a card; without codes where the table does not have it. */
function structureView(id: string) {
  const structure = structureById(id);
  if (structure === undefined) return { id, name: null, chinese: [], code: null, laterality: null, region: null };
  const { name, chinese, type, laterality, region } = structure;
  return { id, name, chinese, code: type, laterality: laterality?.meaning ?? null, region: region?.meaning ?? null };
}

export type StoreModelView = ReturnType<typeof storeModelView>;
export type SearchView = ReturnType<typeof searchView>;
export type CardView = ReturnType<typeof cardView>;
