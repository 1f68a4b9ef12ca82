/** A ledger in which studies arrive, settle and are decided, in a time of its own. */
import { join } from 'node:path';
import { Db } from '../../../src/ledger/database.js';
import { insertInstance } from '../../../src/ledger/instances.js';
import { activateModel, registerModel } from '../../../src/ledger/models.js';
import type { RunRow } from '../../../src/ledger/runs.js';
import { ensureStudy, noteArrival, type StudyRow } from '../../../src/ledger/studies.js';
import { settleStudy } from '../../../src/ledger/versions.js';
import type { Decision } from '../../../src/routing/evaluate.js';
import type { RuleLimits } from '../../../src/routing/limits.js';
import { decideSettledVersions } from '../../../src/routing/router.js';
import { tempFolder } from '../../support/temp.js';
import { rulesOf, series } from './support.js';

const RULES = rulesOf(`
rules:
  - name: chest
    when: [{ tag: Modality, equals: CT }]
    series: { where: [{ fact: instanceCount, atLeast: 2 }] }
    model: lungs
    destinations: [archive]
`);

export class Ledger {
  readonly db = Db.open(join(tempFolder('router'), 'ledger.sqlite'), { migrate: true });
  private now = 1000;

  constructor() {
    const { id } = registerModel(
      this.db,
      { name: 'lungs', version: '1.0.0', digest: 'sha256:a', card: '{}', package: '{}', folder: null },
      1,
    );
    activateModel(this.db, id, { by: 'test', reason: 'test' }, 1);
  }

  /** Instances `from` to `to` of a series arrive. */
  arrive(study: string, uid: string, from: number, to: number, modality = 'CT', headerText?: string): void {
    const arrival = { studyInstanceUid: study, callingAe: 'CT', calledAe: 'ANTEROOM', remoteAddress: '127.0.0.1', at: this.now++ };
    const row = ensureStudy(this.db, arrival);
    for (const { sopInstanceUid, header } of series(`${study}.${uid}`, { Modality: modality }, to).instances.slice(from)) {
      insertInstance(this.db, {
        study_id: row.id,
        series_instance_uid: `${study}.${uid}`,
        sop_instance_uid: sopInstanceUid,
        sop_class_uid: '1.2.840.10008.5.1.4.1.1.2',
        transfer_syntax_uid: '1.2.840.10008.1.2.1',
        path: sopInstanceUid,
        size_bytes: 1,
        sha256: 'x',
        patient_id: 'P',
        header: headerText ?? JSON.stringify(header),
        own_result: 0,
        received_at: 1,
        calling_ae: 'CT',
        remote_address: '127.0.0.1',
        standing: 'current',
      });
    }
    noteArrival(this.db, row, arrival, arrival.at);
  }

  decide(limits?: RuleLimits, rules = RULES): number {
    for (const { id } of this.db.all<StudyRow>("SELECT * FROM studies WHERE state = 'receiving'"))
      settleStudy(this.db, id, { signal: 'test', detail: 'by a test' }, this.now++);
    return decideSettledVersions(this.db, rules, this.now++, limits);
  }

  runs(): RunRow[] {
    return this.db.all<RunRow>('SELECT * FROM runs ORDER BY id');
  }

  lastDecision(): Decision {
    return JSON.parse(
      this.db.get<{ decision: string }>('SELECT decision FROM versions ORDER BY id DESC LIMIT 1')?.decision ?? '',
    ) as Decision;
  }
}
