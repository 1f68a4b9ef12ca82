/** Asking a PACS for its count: in time, apart from the settling, and without being fooled by what this node made or by a PACS that fills up along with us. */
import { join } from 'node:path';
import { Bell } from '../../../src/foundation/bell.js';
import { AnteroomError } from '../../../src/foundation/errors.js';
import { setLogLevel } from '../../../src/foundation/log.js';
import { startCountAsker } from '../../../src/intake/count-asker.js';
import type { CountSource } from '../../../src/intake/count-source.js';
import { settleDueStudies } from '../../../src/intake/settle.js';
import { Db } from '../../../src/ledger/database.js';
import { expectedCount } from '../../../src/ledger/expected-counts.js';
import { insertInstance } from '../../../src/ledger/instances.js';
import { ensureStudy, findStudy, noteArrival } from '../../../src/ledger/studies.js';
import { lastVersion } from '../../../src/ledger/versions.js';
import { settlePolicy } from '../../support/settling.js';
import { tempFolder } from '../../support/temp.js';
import { until } from '../../support/until.js';

setLogLevel('silent');

const SECOND = 1000;
const POLICY = settlePolicy({ signals: ['expected-count'], countFrom: 'pacs' });

/** A ledger with a clock of its own, and an asker whose PACS answers what the test says. */
class Desk {
  readonly db = Db.open(join(tempFolder('asker'), 'ledger.sqlite'), { migrate: true });
  now = 1_000_000;
  private readonly bell = new Bell();
  readonly stop: () => Promise<void>;

  constructor(source: CountSource) {
    const sources = new Map([['pacs', source]]);
    this.stop = startCountAsker({ db: this.db, bell: this.bell, clock: () => this.now, sources });
  }

  arrive(study: string, number: number): number {
    const arrival = { studyInstanceUid: study, callingAe: 'CT', calledAe: 'A', remoteAddress: 'r', at: this.now };
    const row = ensureStudy(this.db, arrival);
    const uids = {
      series_instance_uid: `${study}.1`,
      sop_instance_uid: `${study}.1.${number}`,
      sop_class_uid: '1',
      transfer_syntax_uid: '1',
    };
    const facts = { path: `${study} ${number}`, size_bytes: 1, sha256: 'x', patient_id: 'P', header: '{}', own_result: 0 } as const;
    const origin = { received_at: this.now, calling_ae: 'CT', remote_address: 'r', standing: 'current' } as const;
    insertInstance(this.db, { study_id: row.id, ...uids, ...facts, ...origin });
    noteArrival(this.db, row, arrival, this.now + 5 * SECOND);
    return row.id;
  }

  /** So many seconds pass, and the studies are looked at. */
  look(seconds: number): void {
    this.now += seconds * SECOND;
    if (settleDueStudies(this.db, this.now, { policyOf: () => POLICY }).asking > 0) this.bell.ring('counts');
  }

  async answered(study: number, attempts = 1): Promise<void> {
    await until(
      'the PACS to be asked',
      () => (expectedCount(this.db, study)?.attempts ?? 0) >= attempts && expectedCount(this.db, study)?.asked_at,
    );
  }

  signal(study: string): string | undefined {
    return lastVersion(this.db, findStudy(this.db, study)?.id ?? 0)?.signal;
  }
}

describe('the count of a PACS that has the study', () => {
  it('is asked for when the study begins and again when it is quiet, and settles it at once', async () => {
    const desk = new Desk(() => Promise.resolve({ '1.2.1': 2 }));
    const study = desk.arrive('1.2', 1);
    desk.look(0);
    await desk.answered(study);
    desk.now += SECOND;
    desk.arrive('1.2', 2);
    desk.look(5);
    await until('a fresh answer', () => expectedCount(desk.db, study)?.answer_asked_at === desk.now);
    desk.look(0);
    expect(desk.signal('1.2')).toBe('expected-count');
    await desk.stop();
  });

  it('leaves out the series that this node made', async () => {
    const desk = new Desk(() => Promise.resolve({ '1.2.1': 2, '9.9': 1 }));
    desk.db.run('PRAGMA foreign_keys = OFF');
    desk.db.run(
      `INSERT INTO results (run_id, state, sop_class_uid, sop_instance_uid, series_instance_uid, series_number, created_at)
       VALUES (1, 'passed', '1', '9.9.1', '9.9', 1, 1)`,
    );
    const study = desk.arrive('1.2', 1);
    desk.look(0);
    await desk.answered(study);
    desk.now += SECOND;
    desk.arrive('1.2', 2);
    desk.look(5);
    await until('a fresh answer', () => expectedCount(desk.db, study)?.answer_asked_at === desk.now);
    desk.look(0);
    expect(desk.signal('1.2')).toBe('expected-count');
    await desk.stop();
  });
});

describe('a PACS that fills up along with us', () => {
  it('is no proof: the study waits for the longer quiet time of a hint', async () => {
    let there = 1;
    const desk = new Desk(() => Promise.resolve({ '1.2.1': there }));
    const study = desk.arrive('1.2', 1);
    desk.look(0);
    await desk.answered(study);
    desk.now += SECOND;
    there = 2;
    desk.arrive('1.2', 2);
    desk.look(5);
    await until('a fresh answer', () => expectedCount(desk.db, study)?.answer_asked_at === desk.now);
    desk.look(0);
    expect(findStudy(desk.db, '1.2')).toMatchObject({
      state: 'receiving',
      settle_wait: expect.stringContaining('may come to both') as string,
    });
    desk.look(15);
    expect(desk.signal('1.2')).toBe('expected-count');
    await desk.stop();
  });
});

describe('a PACS that does not answer', () => {
  it('is asked again with back-off, and does not delay the last resort', async () => {
    const desk = new Desk(() => Promise.reject(new AnteroomError('DESTINATION_UNREACHABLE', 'down')));
    const study = desk.arrive('1.2', 1);
    desk.look(5);
    await desk.answered(study);
    expect(expectedCount(desk.db, study)).toMatchObject({ failure: 'DESTINATION_UNREACHABLE', ask_at: desk.now + 5 * SECOND });
    desk.look(55);
    expect(desk.signal('1.2')).toBe('quiet-time');
    await desk.stop();
  });

  it('keeps no other study waiting, and no settling', async () => {
    let release: () => void = () => undefined;
    const desk = new Desk((uid) =>
      uid === '1.2' ? new Promise((resolve) => (release = () => resolve({}))) : Promise.resolve({ '1.3.1': 1 }),
    );
    desk.arrive('1.2', 1);
    desk.look(0);
    const other = desk.arrive('1.3', 1);
    desk.look(0);
    await desk.answered(other);
    desk.look(60);
    expect(desk.signal('1.2')).toBe('quiet-time');
    release();
    await desk.stop();
  });
});
