/** A catalogue behind a URL, in the form of MHub's API: `{data: [{name, label, modalities, segmentations, …}]}` of `/api/v2/models/detailed`. */
import { z } from 'zod';
import { AnteroomError } from '../../foundation/errors.js';
import { checkCard, type ReadCatalogue } from './check-card.js';

const TIMEOUT_MS = 30_000;
const MAX_BYTES = 32 * 1024 * 1024;

const text = z.string().optional().catch(undefined);
const texts = z.array(z.string()).catch([]);
const loose = z.record(z.string(), z.unknown());

const modelSchema = z.looseObject({
  name: z.string(),
  label: text,
  description: text,
  modalities: texts,
  segmentations: texts,
  predictions: z.array(z.unknown()).catch([]),
  inputs: z.array(loose).catch([]),
  cite: text,
  version: text,
  licence: loose.optional().catch(undefined),
  license: loose.optional().catch(undefined),
});
const answerSchema = z.object({ data: z.array(z.unknown()) });

/**
 * Reads the cards of a URL. Models that the answer does not describe are left out with a fault.
 * @throws AnteroomError CATALOGUE_UNREADABLE where the URL does not answer, or not in that form
 */
export async function readCatalogueUrl(url: string): Promise<ReadCatalogue> {
  const answer = answerSchema.safeParse(parsed(url, await fetched(url)));
  if (!answer.success) throw unreadable(url, 'an answer without a list "data"');
  const read = answer.data.data.map((model, index) => {
    const file = `${url} data[${index}]`;
    const known = modelSchema.safeParse(model);
    if (known.success) return checkCard(JSON.stringify(cardOf(known.data)), file);
    return { faults: [{ file, line: 0, column: 0, path: `data[${index}]`, message: 'is not a model with a name' }] };
  });
  return { cards: read.flatMap(({ card }) => card ?? []), faults: read.flatMap(({ faults }) => faults) };
}

/** In the form of meta.json, which the rest of the node knows. What the API does not say stays unsaid. */
function cardOf(model: z.output<typeof modelSchema>): Record<string, unknown> {
  const { name, label, description, modalities, segmentations, predictions, cite, version } = model;
  const inputs = model.inputs.length > 0 ? model.inputs : modalities.map((modality) => ({ modality }));
  return {
    name,
    title: label,
    summary: {
      description,
      inputs: inputs.map((input, index) => ({ modality: modalities[index] ?? modalities.join('|'), ...input })),
      outputs: [
        ...(segmentations.length > 0 ? [{ type: 'Segmentation', label: 'Segmentation', classes: segmentations }] : []),
        ...predictions.map((prediction) => ({ type: 'Prediction', ...predictionOf(prediction) })),
        ...(segmentations.length + predictions.length === 0 ? [{ type: 'Other' }] : []),
      ],
    },
    details: { version: version ?? '0', cite, license: model.licence ?? model.license },
  };
}

function predictionOf(prediction: unknown): Record<string, unknown> {
  if (typeof prediction === 'string') return { label: prediction };
  const known = loose.safeParse(prediction);
  return known.success ? known.data : {};
}

async function fetched(url: string): Promise<string> {
  const answer = await fetch(url, { headers: { accept: 'application/json' }, signal: AbortSignal.timeout(TIMEOUT_MS) }).catch(
    (thrown: unknown) => {
      throw unreadable(url, 'no answer', thrown);
    },
  );
  if (!answer.ok) throw unreadable(url, `status ${answer.status}`);
  return bounded(url, answer.body as AsyncIterable<Uint8Array> | null);
}

async function bounded(url: string, body: AsyncIterable<Uint8Array> | null): Promise<string> {
  const chunks: Uint8Array[] = [];
  let sizeBytes = 0;
  for await (const chunk of body ?? []) {
    chunks.push(chunk);
    sizeBytes += chunk.length;
    if (sizeBytes > MAX_BYTES) throw unreadable(url, `more than ${MAX_BYTES} bytes`);
  }
  return Buffer.concat(chunks).toString('utf8');
}

function parsed(url: string, body: string): unknown {
  try {
    return JSON.parse(body) as unknown;
  } catch (thrown) {
    throw unreadable(url, 'an answer that is not JSON', thrown);
  }
}

function unreadable(url: string, seen: string, cause?: unknown): AnteroomError {
  return new AnteroomError('CATALOGUE_UNREADABLE', `${url}: ${seen}`, { cause });
}
