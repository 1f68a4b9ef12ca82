/** The query of a search request (PS3.18 8.3.4, 10.6.1). Pure. */
import { keywordOf, tagOf, TAG } from '../../dicom/element/tags.js';
import { AnteroomError } from '../../foundation/errors.js';
import { condition, type Condition } from '../../dicom/query/match.js';

export type QueryLevel = 'study' | 'series' | 'instance';

export interface QidoQuery {
  readonly conditions: readonly Condition[];
  readonly includeFields: 'all' | ReadonlySet<number>;
  readonly limit: number | undefined;
  readonly offset: number;
  /** fuzzymatching=true was asked for, which is not offered. */
  readonly fuzzyAsked: boolean;
}

/** Parameters of the protocol that change nothing here: content negotiation by query is done by the header, both matchings are always on. */
const IGNORED: ReadonlySet<string> = new Set(['accept', 'charset', 'emptyvaluematching', 'multiplevaluematching']);

/** Attributes that only instances have a value of (PS3.18 table 10.6.3-5): a study or series cannot be found by them. */
const INSTANCE_ATTRIBUTES: ReadonlySet<number> = new Set([
  TAG.SOPInstanceUID,
  TAG.SOPClassUID,
  TAG.InstanceNumber,
  TAG.Rows,
  TAG.Columns,
  TAG.BitsAllocated,
  TAG.NumberOfFrames,
]);

/**
 * Reads the query of a search.
 * @throws AnteroomError QUERY_INVALID with the parameter that cannot be understood.
 */
export function parseQidoQuery(parameters: URLSearchParams, level: QueryLevel): QidoQuery {
  const conditions: Condition[] = [];
  const includeFields = new Set<number>();
  let all = false;
  for (const [name, value] of parameters) {
    const known = name.toLowerCase();
    if (known === 'includefield') for (const field of value.split(',')) all = addField(field.trim(), includeFields) || all;
    else if (!IGNORED.has(known) && !['limit', 'offset', 'fuzzymatching'].includes(known)) conditions.push(conditionOf(name, value, level));
  }
  return {
    conditions,
    includeFields: all ? 'all' : includeFields,
    limit: count(parameters, 'limit'),
    offset: count(parameters, 'offset') ?? 0,
    fuzzyAsked: parameters.get('fuzzymatching') === 'true',
  };
}

/** Adds a field to the set; true where it is `all`. */
function addField(field: string, into: Set<number>): boolean {
  if (field === 'all') return true;
  // An attribute in a sequence comes with its sequence.
  if (field !== '') into.add(tagNamed(field.split('.')[0] ?? '', 'includefield'));
  return false;
}

function conditionOf(name: string, value: string, level: QueryLevel): Condition {
  const tags = name.split('.').map((part) => tagNamed(part, 'the query'));
  const first = tags[0] ?? 0;
  if (level !== 'instance' && INSTANCE_ATTRIBUTES.has(first)) {
    throw new AnteroomError('QUERY_INVALID', `${keywordOf(first) ?? name} is an attribute of instances; search /instances for it`);
  }
  return condition(tags, value, name);
}

function tagNamed(name: string, where: string): number {
  const tag = tagOf(name);
  // Only what looks like a keyword is repeated: anything else may be a value that lost its name.
  if (tag === undefined)
    throw new AnteroomError(
      'QUERY_INVALID',
      `${where} names ${/^[A-Za-z]{1,64}$/.test(name) ? name : 'something'}, which is no keyword of the data dictionary and no tag`,
    );
  return tag;
}

function count(parameters: URLSearchParams, name: 'limit' | 'offset'): number | undefined {
  const text = parameters.get(name);
  if (text === null || text === '') return undefined;
  if (!/^\d{1,9}$/.test(text)) throw new AnteroomError('QUERY_INVALID', `${name} is no number of results`);
  return Number(text);
}
