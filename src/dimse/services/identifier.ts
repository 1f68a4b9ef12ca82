/** The identifier of a C-FIND or C-MOVE: its level and its keys (PS3.4 C.1.1, C.4.1.1.3, C.4.2.1.4). Pure. */
import type { DataSet } from '../../dicom/element/parse.js';
import { dictionaryVr, keywordOf, tagKey, tagName, TAG } from '../../dicom/element/tags.js';
import { BULK_VRS } from '../../dicom/element/vr.js';
import { condition, type Condition } from '../../dicom/query/match.js';
import { AnteroomError } from '../../foundation/errors.js';

export type InformationModel = 'patient-root' | 'study-root';
export type Level = 'PATIENT' | 'STUDY' | 'SERIES' | 'IMAGE';

/** The levels of a model from the top, each with its unique key. */
const LEVELS: readonly (readonly [Level, number])[] = [
  ['PATIENT', TAG.PatientID],
  ['STUDY', TAG.StudyInstanceUID],
  ['SERIES', TAG.SeriesInstanceUID],
  ['IMAGE', TAG.SOPInstanceUID],
];

const levelsOf = (model: InformationModel): typeof LEVELS => (model === 'patient-root' ? LEVELS : LEVELS.slice(1));

/** Not keys: they say how the identifier is to be read. */
const NO_KEYS: ReadonlySet<number> = new Set([TAG.SpecificCharacterSet, TAG.QueryRetrieveLevel, TAG.TimezoneOffsetFromUTC]);

export interface UniqueKeys {
  readonly patientId: string | undefined;
  readonly studyInstanceUids: readonly string[] | undefined;
  readonly seriesInstanceUids: readonly string[] | undefined;
  readonly sopInstanceUids: readonly string[] | undefined;
}

export interface Query {
  readonly level: Level;
  /** Attributes to be told, as eight hexadecimal digits. */
  readonly requested: readonly string[];
  /** False where something was asked for that no header here can hold. */
  readonly allSupported: boolean;
  readonly conditions: readonly Condition[];
  readonly unique: UniqueKeys;
}

/**
 * Reads the identifier of a C-FIND.
 * @throws AnteroomError QUERY_INVALID: no level of this model, a unique key above the level is missing, or a key that cannot match
 */
export function queryOf(dataSet: DataSet | undefined, model: InformationModel): Query {
  const { identifier, level, unique } = keysOf(dataSet, model);
  const keys = [...identifier.elements()].filter(({ tag }) => !NO_KEYS.has(tag) && (tag & 0xffff) !== 0);
  const supported = keys.filter(({ tag }) => isSupported(tag));
  return {
    level,
    requested: supported.map(({ tag }) => tagKey(tag)),
    allSupported: supported.length === keys.length,
    conditions: supported.flatMap(({ tag }) => conditionsOf(identifier, [tag])),
    unique,
  };
}

/**
 * Reads the identifier of a C-MOVE: its unique keys down to the level.
 * @throws AnteroomError QUERY_INVALID as `queryOf`, and where the level's own unique key is missing
 */
export function retrievalOf(dataSet: DataSet | undefined, model: InformationModel): UniqueKeys {
  const { identifier, level, unique } = keysOf(dataSet, model);
  const key = LEVELS.find(([name]) => name === level)?.[1] ?? 0;
  if (identifier.isEmpty(key)) throw new AnteroomError('QUERY_INVALID', `no ${keywordOf(key)} at level ${level}`);
  return unique;
}

function keysOf(dataSet: DataSet | undefined, model: InformationModel): { identifier: DataSet; level: Level; unique: UniqueKeys } {
  if (!dataSet) throw new AnteroomError('QUERY_INVALID', 'no identifier follows the command');
  const levels = levelsOf(model);
  const asked = dataSet.text(TAG.QueryRetrieveLevel);
  const depth = levels.findIndex(([name]) => name === asked);
  if (depth < 0)
    throw new AnteroomError('QUERY_INVALID', `QueryRetrieveLevel is none of ${levels.map(([name]) => name).join(', ')} (${model})`);
  for (const [, tag] of levels.slice(0, depth)) demandSingle(dataSet, tag, levels[depth]?.[0] ?? 'STUDY');
  const isAsked = (tag: number): boolean => levels.slice(0, depth + 1).some(([, key]) => key === tag);
  const list = (tag: number): readonly string[] | undefined => {
    const values = isAsked(tag) ? dataSet.texts(tag).filter((value) => value !== '' && value !== '*') : [];
    return values.length === 0 ? undefined : values;
  };
  const patientId = isAsked(TAG.PatientID) ? dataSet.text(TAG.PatientID) : undefined;
  return {
    identifier: dataSet,
    level: levels[depth]?.[0] ?? 'STUDY',
    unique: {
      patientId: patientId !== undefined && /[*?\\]/.test(patientId) ? undefined : patientId,
      studyInstanceUids: list(TAG.StudyInstanceUID),
      seriesInstanceUids: list(TAG.SeriesInstanceUID),
      sopInstanceUids: list(TAG.SOPInstanceUID),
    },
  };
}

/** Above the level, the unique keys are single values (PS3.4 C.4.1.2.2.1): without them a search would go through the whole archive. */
function demandSingle(dataSet: DataSet, tag: number, level: Level): void {
  const values = dataSet.texts(tag);
  if (values.length === 1 && values[0] !== '' && !/[*?]/.test(values[0] ?? '')) return;
  throw new AnteroomError('QUERY_INVALID', `level ${level} needs one ${keywordOf(tag)}`);
}

/** A header holds no bulk values, and of private attributes nobody knows what they mean. */
function isSupported(tag: number): boolean {
  return !BULK_VRS.has(dictionaryVr(tag));
}

/** Conditions of one key: an empty value or `*` matches everything; of a sequence, its one item's keys are matched (PS3.4 C.2.2.2.6). */
function conditionsOf(dataSet: DataSet, path: readonly number[]): Condition[] {
  const tag = path.at(-1) ?? 0;
  if (dataSet.vr(tag) === 'SQ') {
    const [item] = dataSet.items(tag);
    return item ? [...item.elements()].filter((key) => isSupported(key.tag)).flatMap((key) => conditionsOf(item, [...path, key.tag])) : [];
  }
  const value = dataSet.texts(tag).join('\\');
  return value === '' || value === '*' ? [] : [condition(path, value, keywordOf(tag) ?? tagName(tag))];
}
