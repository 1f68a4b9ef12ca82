/**
 * Pulling studies: one loop per source over the fetches in the ledger. What is here is never pulled again, so a killed node
 * goes on with what is missing.
 */
import { startStageLoop, type Bell } from '../foundation/bell.js';
import { backOffMs, type Clock } from '../foundation/clock.js';
import { AnteroomError, toAnteroomError } from '../foundation/errors.js';
import { failpoint } from '../foundation/failpoint.js';
import { loggerOf } from '../foundation/log.js';
import type { Db } from '../ledger/database.js';
import {
  fetchesLeftPulling,
  needsNoPull,
  nextDueFetch,
  nextFetchDueAt,
  recordListing,
  recordPulled,
  type FetchRow,
} from '../ledger/fetches.js';
import type { FetchSource, FoundStudy, StudyQuery } from './source.js';

const log = loggerOf('fetching');

const FIRST_DELAY_MS = 1_000;
const MAX_DELAY_MS = 60_000;

export interface FetcherOptions {
  readonly db: Db;
  readonly bell: Bell;
  readonly clock: Clock;
  readonly sources: ReadonlyMap<string, FetchSource>;
}

/** Starts the loops; the returned function stops them after the studies under way. */
export function startFetcher(options: FetcherOptions): () => Promise<void> {
  const { db, bell, clock, sources } = options;
  for (const { id } of fetchesLeftPulling(db)) {
    db.move('fetches', id, 'asked', { at: clock(), set: { due_at: clock() }, detail: 'the node stopped in the middle' });
  }
  const stops = [...sources].map(([name, source]) =>
    startStageLoop({ stage: 'fetching', bell, log, work: () => fetchDue(options, name, source) }),
  );
  return async () => {
    await Promise.all(stops.map((stop) => stop()));
  };
}

/**
 * The studies of a source that match, of which some may be pulled then.
 * @throws AnteroomError NOT_FOUND for a source that the settings do not name, USAGE for a query of nothing, FETCH_NOTHING, FETCH_TOO_MANY
 */
export async function findStudiesAt(
  sources: ReadonlyMap<string, FetchSource>,
  name: string | undefined,
  query: StudyQuery,
): Promise<{ source: string; studies: FoundStudy[] }> {
  const [only, ...others] = sources.keys();
  const chosen = name ?? (others.length === 0 ? only : undefined);
  const source = chosen === undefined ? undefined : sources.get(chosen);
  if (chosen === undefined || source === undefined)
    throw new AnteroomError(
      'NOT_FOUND',
      sources.size === 0
        ? 'no source of studies; expected one under `sources` in the settings'
        : `source ${chosen ?? '(none was named)'}; expected one of: ${[...sources.keys()].join(', ')}`,
    );
  const { studyInstanceUid, accessionNumber, patientId } = query;
  if ([studyInstanceUid, accessionNumber, patientId].every((value) => value === undefined || /^[*?\s]*$/.test(value)))
    throw new AnteroomError('USAGE', 'neither StudyInstanceUID nor accession number nor patient ID was given; expected one of them');
  const studies = (await source.find(query)).filter((study) => study.studyInstanceUid !== '');
  if (studies.length === 0) throw new AnteroomError('FETCH_NOTHING', `source ${chosen} lists none`);
  if (studies.length > source.maxMatches)
    throw new AnteroomError('FETCH_TOO_MANY', `source ${chosen} lists ${studies.length} or more; expected at most ${source.maxMatches}`);
  return { source: chosen, studies };
}

async function fetchDue(options: FetcherOptions, name: string, source: FetchSource): Promise<number | undefined> {
  const { db, clock } = options;
  const due = nextDueFetch(db, name, clock());
  if (due !== undefined && db.move('fetches', due.id, 'pulling', { at: clock(), set: { attempts: due.attempts + 1 } })) {
    try {
      await pull(options, due, source);
      db.move('fetches', due.id, 'done', { at: clock(), set: { ended_at: clock(), failure_code: null, failure: null } });
    } catch (thrown) {
      putOff(options, due, source, toAnteroomError(thrown));
    }
  }
  return nextFetchDueAt(db, name);
}

async function pull({ db }: FetcherOptions, fetch: FetchRow, source: FetchSource): Promise<void> {
  const listed = await source.list(fetch.study_instance_uid);
  if (listed.length === 0) throw new AnteroomError('FETCH_NOTHING', `source ${fetch.source} lists no instance of the study`);
  const missingNow = () => listed.filter(({ sopInstanceUid }) => !needsNoPull(db, sopInstanceUid));
  const missing = missingNow();
  recordListing(db, fetch.id, { listed: listed.length, here: listed.length - missing.length });
  if (missing.length === 0) return;
  const before = fetch.pulled;
  let pulled = 0;
  await source.pull(missing, () => {
    recordPulled(db, fetch.id, before + ++pulled);
    failpoint('fetching.pulled');
  });
  const left = missingNow();
  recordListing(db, fetch.id, { listed: listed.length, here: listed.length - left.length });
  if (left.length > 0)
    throw new AnteroomError(
      'FETCH_INCOMPLETE',
      `${left.length} of ${listed.length} instances did not come, such as ${left[0].sopInstanceUid}`,
    );
}

/** Transient failures are tried again, with a growing wait; the rest, and what has failed too often, is failed for a person. */
function putOff({ db, clock }: FetcherOptions, fetch: FetchRow, { attempts }: FetchSource, error: AnteroomError): void {
  const at = clock();
  log.warn('fetch failed', { id: fetch.id, studyInstanceUid: fetch.study_instance_uid, code: error.code, kind: error.kind });
  const why = { failure_code: error.code, failure: error.seen };
  const again = (error.kind === 'transient' || error.kind === 'ambiguous') && fetch.attempts + 1 < attempts;
  if (again) {
    const due_at = at + backOffMs(fetch.attempts + 1, FIRST_DELAY_MS, MAX_DELAY_MS);
    db.move('fetches', fetch.id, 'asked', { at, set: { ...why, due_at }, detail: error.code });
  } else db.move('fetches', fetch.id, 'failed', { at, set: { ...why, ended_at: at }, detail: error.code });
}
