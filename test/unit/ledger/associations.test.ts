/** What the ledger keeps of associations, and which studies their end concerns. */
import { join } from 'node:path';
import { setLogLevel } from '../../../src/foundation/log.js';
import {
  endAssociation,
  forgetAssociations,
  forgetSenders,
  noteAssociation,
  noteSender,
  sendersOfStudy,
  undeclaredAssociations,
  type Ending,
} from '../../../src/ledger/associations.js';
import { Db } from '../../../src/ledger/database.js';
import { ensureStudy, findStudy, noteArrival } from '../../../src/ledger/studies.js';
import { tempFolder } from '../../support/temp.js';

setLogLevel('silent');

const LOOK = 900;
let db: Db;

beforeEach(() => {
  db = Db.open(join(tempFolder('associations'), 'ledger.sqlite'), { migrate: true });
});

const sender = (associationId: string, callingAe = 'CT1') => ({ associationId, callingAe, calledAe: 'A', remoteAddress: '10.0.0.1' });

/** An instance of a study comes over an association. */
function bring(studyInstanceUid: string, associationId: string, callingAe = 'CT1'): number {
  const arrival = { studyInstanceUid, callingAe, calledAe: 'A', remoteAddress: '10.0.0.1', at: 100 };
  const study = ensureStudy(db, arrival);
  noteArrival(db, study, arrival, 1000);
  noteSender(db, study.id, sender(associationId, callingAe), 100);
  return study.id;
}

const end = (associationId: string, ending: Ending, lostSome = false, callingAe = 'CT1') =>
  endAssociation(db, sender(associationId, callingAe), { ending, lostSome, at: 500, lookAt: LOOK });
const endings = (id: number) => sendersOfStudy(db, id).map(({ ending }) => ending);

describe('the end of an association', () => {
  it('is known to the study that it brought, which is looked at soon', () => {
    const [one, other] = [bring('1.1', 'a'), bring('1.2', 'b', 'CT2')];
    end('a', 'released');
    expect([endings(one), endings(other)]).toEqual([['released'], [null]]);
    expect([findStudy(db, '1.1')?.settle_at, findStudy(db, '1.2')?.settle_at]).toEqual([LOOK, 1000]);
  });

  it('concerns all studies of its sender where it took an instance with it, and no others', () => {
    const [one, other, foreign] = [bring('1.1', 'a'), bring('1.2', 'b'), bring('1.3', 'c', 'CT2')];
    end('b', 'released');
    end('c', 'released', false, 'CT2');
    end('a', 'aborted', true);
    expect([endings(one), endings(other).sort(), endings(foreign)]).toEqual([['aborted'], ['aborted', 'released'], ['released']]);
  });

  it('concerns only its own studies where it broke off between instances', () => {
    bring('1.1', 'a');
    const other = bring('1.2', 'b');
    end('b', 'released');
    end('a', 'lost');
    expect(endings(other)).toEqual(['released']);
  });
});

describe('an association that has just begun', () => {
  it('may be of any study of its sender until its first instance is there', () => {
    const [study, foreign] = [bring('1.1', 'a'), bring('1.2', 'c', 'CT2')];
    noteAssociation(db, sender('b'), 200);
    expect([undeclaredAssociations(db, study), undeclaredAssociations(db, foreign)]).toEqual([1, 0]);
    bring('1.9', 'b');
    expect(undeclaredAssociations(db, study)).toBe(0);
  });
});

describe('the start after a crash', () => {
  it('ends what was open, and says of every receiving study that something may be missing', () => {
    const [open, released] = [bring('1.1', 'a'), bring('1.2', 'b')];
    end('b', 'released');
    forgetAssociations(db, 600, 0);
    expect(endings(open)).toEqual(['forgotten', 'forgotten']);
    expect(endings(released).sort()).toEqual(['forgotten', 'released']);
  });

  it('deletes what ended long ago and concerns no study any more', () => {
    const [study] = [bring('1.1', 'a'), bring('1.2', 'b')];
    end('a', 'released');
    end('b', 'released');
    forgetSenders(db, study);
    forgetAssociations(db, 600, 501);
    expect(db.all<{ id: string }>('SELECT id FROM associations ORDER BY id').map(({ id }) => id)).toEqual(['b', 'forgotten', 'none']);
  });
});
