/**
 * The facts of a study version as they are kept in the ledger: what a rehearsal asks rules of, without the headers of all instances.
 * Those are read only where a rule asks of instances, and of that series alone.
 */
import { TAG } from '../dicom/element/tags.js';
import type { Header } from '../dicom/header.js';
import { sha256Hex } from '../foundation/ids.js';
import type { Db } from '../ledger/database.js';
import { instancesOfVersion, type InstanceRow } from '../ledger/instances.js';
import {
  headersOfSeries,
  keepSeriesFacts,
  seriesFactsOf,
  type NewSeriesFacts,
  type RehearsedRow,
  type SeriesFactsRow,
} from '../ledger/series-facts.js';
import { FACT_NAMES, FACTS, type SeriesFactName } from './fact-names.js';
import type { Fact } from './facts.js';
import {
  bySeriesNumber,
  factsInput,
  inInstanceOrder,
  ofWholeStudy,
  originOf,
  studyFacts,
  type SeriesFacts,
  type StudyFacts,
} from './facts.js';
import { textsIn } from './header-values.js';

/** To be raised with every change of how a fact is derived; a new fact changes the code by its name. */
const DERIVATION = 1;
const SERIES_FACT_NAMES = FACT_NAMES.filter((name): name is SeriesFactName => !('ofStudy' in FACTS[name]));
const CODE = sha256Hex(`${DERIVATION} ${FACT_NAMES.join(' ')}`).slice(0, 16);

/** Keeps what was derived of a version; in the transaction that decides it. */
export function keepFacts(
  db: Db,
  versionId: number,
  study: StudyFacts,
  instances: readonly Pick<InstanceRow, 'id' | 'sop_instance_uid'>[],
): void {
  const ids = new Map(instances.map(({ id, sop_instance_uid }) => [sop_instance_uid, id]));
  const rows = study.series.map((series): NewSeriesFacts | undefined => {
    const firstInstanceId = ids.get(textsIn(series.first, TAG.SOPInstanceUID)[0] ?? '');
    if (firstInstanceId === undefined) return undefined;
    return { seriesInstanceUid: series.seriesInstanceUid, firstInstanceId, code: CODE, facts: storedText(series) };
  });
  // All or none: a study with half of its series would be rehearsed as another study.
  if (rows.every((row) => row !== undefined)) keepSeriesFacts(db, versionId, rows);
}

/** All but the headers, and what the row of the study says. */
function storedText({ first: _first, instances: _instances, facts, ...kept }: SeriesFacts): string {
  return JSON.stringify({ ...kept, facts: Object.fromEntries(SERIES_FACT_NAMES.map((name) => [name, facts[name]])) });
}

type Stored = Omit<SeriesFacts, 'first' | 'instances' | 'facts'> & { readonly facts: Readonly<Record<SeriesFactName, Fact>> };

/** What rules look at, of each of these versions; what is not kept, or was derived by other code, is derived again and kept. */
export function storedFacts(db: Db, versions: readonly RehearsedRow[]): StudyFacts[] {
  const kept = new Map<number, SeriesFactsRow[]>();
  for (const row of seriesFactsOf(
    db,
    versions.map(({ version_id }) => version_id),
  )) {
    const series = kept.get(row.version_id);
    if (series === undefined) kept.set(row.version_id, [row]);
    else series.push(row);
  }
  return versions.map((version) => {
    const rows = kept.get(version.version_id) ?? [];
    if (rows.length === 0 || rows.some(({ code }) => code !== CODE)) return deriveAndKeep(db, version);
    const facts = ofWholeStudy(originOf(version), rows.length);
    const series = rows.map((row) => seriesOf(db, row, facts)).sort(bySeriesNumber);
    return { studyInstanceUid: version.study_instance_uid, series, ownSeries: [], facts };
  });
}

function deriveAndKeep(db: Db, version: RehearsedRow): StudyFacts {
  const instances = instancesOfVersion(db, version.version_id);
  const facts = studyFacts(factsInput(version, instances));
  db.transaction(() => keepFacts(db, version.version_id, facts, instances));
  return facts;
}

/** Headers are parsed when they are asked for. */
function seriesOf(db: Db, row: SeriesFactsRow, ofStudy: StudyFacts['facts']): SeriesFacts {
  let first: Header | undefined;
  let instances: readonly Header[] | undefined;
  const { version_id: versionId, series_instance_uid: uid } = row;
  const { facts, ...kept } = JSON.parse(row.facts) as Stored;
  return {
    ...kept,
    facts: { ...facts, ...ofStudy },
    get first() {
      return (first ??= JSON.parse(row.header) as Header);
    },
    instances: () => (instances ??= readInstances(db, versionId, uid)),
  };
}

function readInstances(db: Db, versionId: number, seriesInstanceUid: string): Header[] {
  const rows = headersOfSeries(db, versionId, seriesInstanceUid);
  return inInstanceOrder({
    seriesInstanceUid,
    instances: rows.map((row) => ({ sopInstanceUid: row.sop_instance_uid, header: JSON.parse(row.header) as Header })),
  });
}
