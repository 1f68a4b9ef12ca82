/**
 * The file in which a model travels to a site without internet: a tar of `head.json`, the image as the engine saves it (`image/000000`, …, to be
 * read one after the other), the package (`package/…`) and, last, `manifest.json` with the SHA-256 of every part before it. The head tells at
 * once whether the file is of use here; the manifest comes last because only then all sums are known, and nothing is written twice.
 */
import { z } from 'zod';
import { AnteroomError } from '../../foundation/errors.js';

/** Raised when a reader of before would misread the file. */
export const EXPORT_FORM = 1;

export const HEAD_PART = 'head.json';
export const MANIFEST_PART = 'manifest.json';
export const IMAGE_FOLDER = 'image/';
export const PACKAGE_FOLDER = 'package/';

/** The image comes in pieces, as a tar wants to know a size before the bytes, and the engine does not tell it. */
export const IMAGE_PIECE_BYTES = 4 * 1024 * 1024;

const size = () => z.int().min(0);

const headSchema = z.object({
  form: z.literal(EXPORT_FORM),
  /** Which program wrote the file, and when (ISO 8601). */
  writtenBy: z.string(),
  writtenAt: z.string(),
  model: z.object({
    name: z.string().regex(/^[a-z0-9_]+$/),
    version: z.string().regex(/^\d+(\.\d+)*$/),
    /** What pinned it where it was exported. */
    digest: z.string(),
    licence: z.object({ code: z.string(), weights: z.string() }),
    /** Which model.yaml of the package it was registered with; absent: the usual one. */
    modelFile: z.string().optional(),
  }),
  image: z.object({
    /** As model.yaml names it. */
    reference: z.string().min(1),
    /** `sha256:…`; the same wherever the same image is loaded. */
    id: z.string().regex(/^sha256:[0-9a-f]{64}$/),
    os: z.string(),
    architecture: z.string(),
    /** On the engine's disk. */
    sizeBytes: size(),
    /** Version of the kit in it; null in images without one. */
    kit: z.string().nullable(),
  }),
  /** Of the files of the package together. */
  packageBytes: size(),
});

const manifestSchema = z.object({
  parts: z.array(z.object({ path: z.string(), sizeBytes: size(), sha256: z.string().regex(/^[0-9a-f]{64}$/) })),
});

export type ExportHead = Readonly<z.output<typeof headSchema>>;
export type ExportManifest = Readonly<z.output<typeof manifestSchema>>;
export type ExportPart = ExportManifest['parts'][number];

/** @throws AnteroomError MODEL_FILE_REFUSED for what is no head, or one of a newer form */
export function parseHead(text: string): ExportHead {
  const value = parsed(text, HEAD_PART);
  const form = (value as { form?: unknown } | null)?.form;
  if (typeof form === 'number' && form > EXPORT_FORM)
    throw refused(
      `it has form ${form}, this release of Anteroom reads form ${EXPORT_FORM}: update Anteroom here, or export it with an older one`,
    );
  const checked = headSchema.safeParse(value);
  if (!checked.success) throw refused(`${HEAD_PART}: ${z.prettifyError(checked.error)}`);
  return checked.data;
}

/** @throws AnteroomError MODEL_FILE_REFUSED */
export function parseManifest(text: string): ExportManifest {
  const checked = manifestSchema.safeParse(parsed(text, MANIFEST_PART));
  if (!checked.success) throw refused(`${MANIFEST_PART}: ${z.prettifyError(checked.error)}`);
  return checked.data;
}

function parsed(text: string, part: string): unknown {
  try {
    return JSON.parse(text);
  } catch (thrown) {
    throw refused(`${part} is no JSON`, thrown);
  }
}

/** The refusal of a file of which nothing is taken in. */
export function refused(seen: string, cause?: unknown): AnteroomError {
  return new AnteroomError('MODEL_FILE_REFUSED', seen, cause === undefined ? undefined : { cause });
}
