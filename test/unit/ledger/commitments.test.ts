/** Storage commitment in the ledger: what was judged stays, a hint needs every instance, and what is sent again is asked for anew. */
import { join } from 'node:path';
import { setLogLevel } from '../../../src/foundation/log.js';
import {
  commitmentHintAt,
  dueCommitments,
  enterCommitment,
  enterCommitmentRequest,
  forgetCommitmentRequests,
  instancesOfCommitment,
  judgeCommitment,
  lastCommitmentRequest,
  recordCommitmentReport,
} from '../../../src/ledger/commitments.js';
import { Db } from '../../../src/ledger/database.js';
import { insertInstance } from '../../../src/ledger/instances.js';
import { ensureStudy } from '../../../src/ledger/studies.js';
import { tempFolder } from '../../support/temp.js';

setLogLevel('silent');

const CT = '1.2.840.10008.5.1.4.1.1.2';
const peer = { callingAe: 'CT1', calledAe: 'ANTEROOM', remoteAddress: '127.0.0.1' };
const named = (...uids: string[]) => uids.map((sopInstanceUid) => ({ sopClassUid: CT, sopInstanceUid }));

describe('storage commitment', () => {
  let db: Db;
  let studyId: number;
  beforeEach(() => {
    db = Db.open(join(tempFolder('commitments'), 'ledger.sqlite'), { migrate: true });
    studyId = ensureStudy(db, { studyInstanceUid: '1.2.3', ...peer, at: 1 }).id;
  });
  afterEach(() => db.close());

  function add(sopInstanceUid: string, own = 0): void {
    insertInstance(db, {
      study_id: studyId,
      series_instance_uid: '1.2.3.1',
      sop_instance_uid: sopInstanceUid,
      sop_class_uid: CT,
      transfer_syntax_uid: '1.2.840.10008.1.2.1',
      path: sopInstanceUid,
      size_bytes: 1,
      sha256: 'x',
      patient_id: 'P',
      header: '{}',
      own_result: own as 0 | 1,
      received_at: 1,
      calling_ae: 'CT1',
      remote_address: '127.0.0.1',
      standing: 'current',
    });
  }

  it('is a hint once every instance that is here is named by one request, whether or not it is taken on', () => {
    add('1.1');
    add('1.2');
    add('1.9', 1);
    enterCommitment(db, { transactionUid: '2.25.1', ...peer, instances: named('1.1', '1.7') }, 'refused', 10, 10);
    enterCommitment(db, { transactionUid: '2.25.2', ...peer, instances: named('1.2') }, 'owed', 20, 20);
    expect(commitmentHintAt(db, studyId)).toBeUndefined();
    enterCommitment(db, { transactionUid: '2.25.3', ...peer, instances: named('1.1', '1.2', '1.3') }, 'refused', 30, 30);
    expect(commitmentHintAt(db, studyId)).toBe(30);
    add('1.8');
    expect(commitmentHintAt(db, studyId)).toBeUndefined();
  });

  it('owes the report again when the same transaction is asked again, with what was judged first', () => {
    add('1.1');
    const ask = (at: number) => enterCommitment(db, { transactionUid: '2.25.1', ...peer, instances: named('1.1', '1.2') }, 'owed', at, at);
    const id = ask(10);
    expect(instancesOfCommitment(db, id).map(({ path, reason }) => [path, reason])).toEqual([
      ['1.1', null],
      [null, null],
    ]);
    judgeCommitment(
      db,
      id,
      [
        { sopClassUid: CT, sopInstanceUid: '1.1', reason: 0 },
        { sopClassUid: CT, sopInstanceUid: '1.2', reason: 0x112 },
      ],
      11,
    );
    db.move('commitments', id, 'reported', { at: 12 });
    expect(dueCommitments(db, 100, 10)).toEqual([]);
    expect(ask(20)).toBe(id);
    expect(dueCommitments(db, 100, 10)).toMatchObject([{ id, judged_at: 11 }]);
    expect(instancesOfCommitment(db, id).map(({ reason }) => reason)).toEqual([0, 0x112]);
  });

  it('takes reports on requests of ours only, and none of an earlier sending', () => {
    const judged = (reason: number) => [{ sopClassUid: CT, sopInstanceUid: '1.1', reason }];
    expect(recordCommitmentReport(db, '2.25.9', judged(0), 5)).toBe(false);
    enterCommitmentRequest(db, '2.25.1', 'pacs', '1.1', 10);
    expect(lastCommitmentRequest(db, 'pacs', '1.1')).toMatchObject({ reason: null });
    expect(recordCommitmentReport(db, '2.25.1', judged(0x110), 11)).toBe(true);
    expect(lastCommitmentRequest(db, 'pacs', '1.1')).toMatchObject({ reason: 0x110 });
    forgetCommitmentRequests(db, 'pacs', '1.1');
    expect(recordCommitmentReport(db, '2.25.1', judged(0), 12)).toBe(false);
    expect(lastCommitmentRequest(db, 'pacs', '1.1')).toBeUndefined();
  });
});
