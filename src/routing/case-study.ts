/** The made-up studies of `*.cases.yaml`: their form, and the headers that they stand for. */
import { z } from 'zod';
import type { Header, HeaderElement, HeaderValue } from '../dicom/header.js';
import { studyFacts, type SeriesInput, type StudyFacts } from './facts.js';
import { ruleName } from './language/condition-schema.js';
import { parseTagPath, type Step, type TagPath } from './language/tag-path.js';

const scalar = () => z.union([z.string(), z.number()]);

type TagValue = string | number | readonly (string | number)[] | Tags | readonly Tags[];
/** By keyword, number, private tag with creator, or path, as in rules. */
interface Tags {
  readonly [tag: string]: TagValue;
}

const tags: z.ZodType<Tags> = z.lazy(() =>
  z.record(
    z.string().superRefine((name, context) => {
      const parsed = parseTagPath(name);
      if ('fault' in parsed) context.addIssue({ code: 'custom', message: parsed.fault });
    }),
    z.union([scalar(), z.array(scalar()), tags, z.array(tags)], {
      error: 'must be a text, a number, a list of them, or the items of a sequence',
    }),
  ),
);

const seriesSchema = z.strictObject({
  name: ruleName().describe('For `expect`.'),
  slices: z.int().min(1).max(10_000).default(1).describe('How many instances there are.'),
  spacingMm: z.number().positive().default(1).describe('Distance of the slices, which lie axially one above the other.'),
  tags: tags
    .default({})
    .describe(
      'In every instance, with tags named as in rules; may override the geometry too. An empty text is an element without a value, a group of keys an item of a sequence.',
    ),
  someSlices: z
    .array(
      z.strictObject({
        slices: z.array(z.int().min(1)).min(1).describe('Which ones, counted from 1.'),
        tags: tags.describe('What these have instead.'),
      }),
    )
    .default([])
    .describe('Slices that differ from the others.'),
});

/** The fields of a case that make its study. */
export const caseStudyFields = {
  callingAe: z.string().optional().describe('AE title of the sender.'),
  calledAe: z.string().optional().describe('AE title that it called.'),
  remoteAddress: z.string().optional().describe('IP address of the sender.'),
  receivedAt: z
    .string()
    .regex(/^([01]\d|2[0-3]):[0-5]\d$/, "must be a time like '20:30', in quotes")
    .optional()
    .describe("Local time at which the study arrived, like '20:30'."),
  series: z.array(seriesSchema).min(1).describe('The series of the study.'),
};

export type CaseStudy = z.output<z.ZodObject<typeof caseStudyFields>> & { readonly name: string };

/** The facts of a made-up study. Its series have their names as UIDs, so that the chosen one can be named. */
export function caseFacts({ name, callingAe, calledAe, remoteAddress, receivedAt, series }: CaseStudy): StudyFacts {
  return studyFacts({
    studyInstanceUid: name,
    ...(callingAe === undefined ? {} : { callingAe }),
    ...(calledAe === undefined ? {} : { calledAe }),
    ...(remoteAddress === undefined ? {} : { remoteAddress }),
    ...(receivedAt === undefined ? {} : { receivedAtMs: new Date(`2026-01-05T${receivedAt}:00`).getTime() }),
    series: series.map(seriesInput),
  });
}

function seriesInput(written: CaseStudy['series'][number], index: number): SeriesInput {
  const instances = Array.from({ length: written.slices }, (_, slice) => {
    const header = new HeaderMaker();
    const all: Tags = {
      SeriesNumber: index + 1,
      InstanceNumber: slice + 1,
      ImageOrientationPatient: [1, 0, 0, 0, 1, 0],
      ImagePositionPatient: [0, 0, slice * written.spacingMm],
    };
    header.set(all).set(written.tags);
    for (const some of written.someSlices) if (some.slices.includes(slice + 1)) header.set(some.tags);
    return { sopInstanceUid: `${written.name}.${slice}`, header: header.made };
  });
  return { seriesInstanceUid: written.name, instances };
}

/** Writes tags into one data set; what is written later replaces what is there. */
class HeaderMaker {
  readonly made: Record<string, HeaderElement> = {};

  set(written: Tags): this {
    for (const [name, value] of Object.entries(written)) {
      const path = parseTagPath(name);
      if (!('fault' in path)) put(this.made, path, value);
    }
    return this;
  }
}

function put(dataset: Record<string, HeaderElement>, { steps, vr }: TagPath, value: TagValue): void {
  let inside = dataset;
  for (const step of steps.slice(0, -1)) inside = itemOf(inside, keyFor(inside, step), step.item ?? 0);
  const last = steps.at(-1);
  if (last !== undefined) inside[keyFor(inside, last)] = elementOf(vr, value);
}

/** The item of a sequence, made with those before it where they are not there. */
function itemOf(dataset: Record<string, HeaderElement>, key: string, index: number): Record<string, HeaderElement> {
  const items = [...(dataset[key]?.Value ?? [])] as Header[];
  while (items.length <= index) items.push({});
  const item = { ...items[index] };
  items[index] = item;
  dataset[key] = { vr: 'SQ', Value: items };
  return item;
}

/** The key of a tag; a private creator that has no block yet reserves the next one (PS3.5 7.8.1). */
function keyFor(dataset: Record<string, HeaderElement>, step: Step): string {
  if ('key' in step) return step.key;
  let block = 0x10;
  for (; block < 0xff; block++) {
    const key = `${step.group}00${block.toString(16).toUpperCase()}`;
    dataset[key] ??= { vr: 'LO', Value: [step.creator] };
    if (dataset[key].Value?.[0] === step.creator) break;
  }
  return `${step.group}${block.toString(16).toUpperCase()}${step.element}`;
}

function elementOf(vr: string, value: TagValue): HeaderElement {
  const values: readonly (string | number | Tags)[] = Array.isArray(value) ? (value as (string | number | Tags)[]) : [value as string];
  if (values[0] === '') return { vr };
  const isText = typeof values[0] === 'string';
  return { vr: vr === 'UN' ? (isText ? 'LO' : 'DS') : vr, Value: values.map((one) => valueOf(vr, one)) };
}

function valueOf(vr: string, value: string | number | Tags): HeaderValue {
  if (typeof value === 'object') return new HeaderMaker().set(value).made;
  return vr === 'PN' ? { Alphabetic: String(value) } : value;
}
