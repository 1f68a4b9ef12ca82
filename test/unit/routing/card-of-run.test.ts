/** A run whose series was chosen while no model was active meets the card of the model when it is to start. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setLogLevel } from '../../../src/foundation/log.js';
import { Db } from '../../../src/ledger/database.js';
import { activateModel, registerModel } from '../../../src/ledger/models.js';
import { queueRunsWaitingFor } from '../../../src/ledger/model-waits.js';
import { runsInState, type RunRow } from '../../../src/ledger/runs.js';
import { refusedByCard } from '../../../src/routing/card-of-run.js';
import { decideSettledVersions } from '../../../src/routing/router.js';
import { storeStudy } from '../../support/stored-studies.js';
import { tempFolder } from '../../support/temp.js';
import { rulesOf, series } from './support.js';

setLogLevel('silent');

const RULES = rulesOf(`
rules:
  - { name: chest, when: [{ tag: Modality, equals: CT }], model: lungs, destinations: [archive] }
`);

it('refuses what is known of a series and not taken, and nothing else', () => {
  const db = Db.open(join(tempFolder('card-of-run'), 'ledger.sqlite'), { migrate: true });
  const thickness = { '1.1': { SliceThickness: '20' }, '1.2': { SliceThickness: '1' }, '1.3': {} };
  for (const [studyInstanceUid, tags] of Object.entries(thickness))
    storeStudy(
      db,
      { studyInstanceUid, series: [series(`${studyInstanceUid}.1`, { Modality: 'CT', SeriesNumber: '3', ...tags }, 3)] },
      { at: 1 },
    );
  expect(decideSettledVersions(db, RULES, 2)).toBe(3);
  expect(runsInState(db, 'waiting').map((run) => refusedByCard(db, run))).toEqual([undefined, undefined, undefined]);

  const card = readFileSync('deploy/models/lungs/meta.json', 'utf8');
  const model = registerModel(db, { name: 'lungs', version: '1', digest: 'd', card, package: '{}', folder: null }, 3);
  activateModel(db, model.id, { by: 'test', reason: 'test' }, 3);
  expect(queueRunsWaitingFor(db, model, 3)).toBe(3);
  const [thick, ...others] = runsInState(db, 'queued');
  expect(refusedByCard(db, thick)?.reason).toMatch(/^series 3: slice thickness 20 mm, the model takes at most \d+ mm$/);
  expect(others.map((run) => refusedByCard(db, run))).toEqual([undefined, undefined]);
  const byHand: RunRow = { ...thick, rule: null };
  expect(refusedByCard(db, byHand)).toBeUndefined();
  db.close();
});
