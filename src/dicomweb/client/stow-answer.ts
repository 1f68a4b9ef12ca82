/** The Store Instances Response Module (PS3.18 annex I) as DICOM JSON. */
import { tagKey, TAG } from '../../dicom/element/tags.js';

/** What an answer says of one instance. */
export interface NamedInstance {
  readonly stored: boolean;
  readonly alreadyThere?: boolean;
  readonly failureReason?: number;
  readonly text?: string;
}

/** By SOPInstanceUID. */
export type StowAnswer = ReadonlyMap<string, NamedInstance>;

const FAILED_SOP_SEQUENCE = tagKey(TAG.FailedSOPSequence);
const REFERENCED_SOP_SEQUENCE = tagKey(TAG.ReferencedSOPSequence);
const REFERENCED_SOP_INSTANCE_UID = tagKey(TAG.ReferencedSOPInstanceUID);
const FAILURE_REASON = tagKey(TAG.FailureReason);
const WARNING_REASON = '00081196';

/** Already stored: 0111H (PS3.7 C.5.6, duplicate SOP instance), and 45070 as Azure's DICOM service says it. */
const DUPLICATE_REASONS: ReadonlySet<number> = new Set([0x0111, 45070]);

/** PS3.18 tables I.2-1 and I.2-2. */
const REASON_TEXTS: Readonly<Record<number, string>> = {
  0x0110: 'processing failure',
  0x0111: 'duplicate SOP instance',
  0x0122: 'SOP class not supported',
  0x0124: 'not authorised',
  45070: 'already stored',
  0xb000: 'stored, with attributes coerced',
  0xb006: 'stored, with elements discarded',
  0xb007: 'stored, though the data set does not match its SOP class',
  0xc122: 'transfer syntax not supported',
};
/** By the high byte, or its upper half. */
const REASON_RANGES: readonly (readonly [from: number, to: number, text: string])[] = [
  [0xa700, 0xa7ff, 'out of resources'],
  [0xa900, 0xa9ff, 'the data set does not match its SOP class'],
  [0xc000, 0xcfff, 'the data set cannot be understood'],
];

/** A reason as text with its number, `A700H: out of resources`. */
export function reasonText(reason: number): string {
  const text =
    REASON_TEXTS[reason] ?? REASON_RANGES.find(([from, to]) => reason >= from && reason <= to)?.[2] ?? 'reason not in the standard';
  return `${reason.toString(16).toUpperCase().padStart(4, '0')}H: ${text}`;
}

/**
 * Reads which instances an answer names. An instance in both sequences counts as failed.
 * @returns undefined where the text is no Store Instances Response, that is: no JSON, or JSON with neither of the two sequences
 */
export function readStowAnswer(text: string): StowAnswer | undefined {
  const answer = jsonObject(text);
  if (answer === undefined || !(FAILED_SOP_SEQUENCE in answer || REFERENCED_SOP_SEQUENCE in answer)) return undefined;
  const named = new Map<string, NamedInstance>();
  for (const item of sequence(answer, REFERENCED_SOP_SEQUENCE))
    named.set(String(first(item, REFERENCED_SOP_INSTANCE_UID)), storedInstance(first(item, WARNING_REASON)));
  for (const item of sequence(answer, FAILED_SOP_SEQUENCE))
    named.set(String(first(item, REFERENCED_SOP_INSTANCE_UID)), failedInstance(first(item, FAILURE_REASON)));
  return named;
}

function storedInstance(warning: unknown): NamedInstance {
  const reason = Number(warning);
  if (warning === undefined || !Number.isInteger(reason) || reason === 0) return { stored: true };
  return { stored: true, failureReason: reason, text: reasonText(reason) };
}

function failedInstance(failure: unknown): NamedInstance {
  const reason = Number(failure);
  if (failure === undefined || !Number.isInteger(reason)) return { stored: false, text: 'failed without a reason' };
  const text = reasonText(reason);
  return DUPLICATE_REASONS.has(reason)
    ? { stored: true, alreadyThere: true, failureReason: reason, text }
    : { stored: false, failureReason: reason, text };
}

type JsonObject = Readonly<Record<string, unknown>>;

function jsonObject(text: string): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return asObject(Array.isArray(value) ? value[0] : value);
  } catch {
    return undefined;
  }
}

function sequence(object: JsonObject, tag: string): JsonObject[] {
  return values(object, tag)
    .map(asObject)
    .filter((item) => item !== undefined);
}

function first(object: JsonObject, tag: string): unknown {
  return values(object, tag)[0];
}

function values(object: JsonObject, tag: string): readonly unknown[] {
  const value = asObject(object[tag])?.Value;
  return Array.isArray(value) ? value : [];
}

function asObject(value: unknown): JsonObject | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as JsonObject) : undefined;
}
