/** Associations do not starve each other: an echo is answered beside senders that never pause, and each sender gets on. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { fileMeta } from '../../src/dicom/element/write.js';
import { echo } from '../../src/dimse/scu.js';
import { describeWith } from '../support/data.js';
import { dcmtk } from '../support/dcmtk.js';
import { CT_STORAGE, EXPLICIT_LE } from '../support/dimse.js';
import { generatedInstance } from '../support/generated-instance.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';

const LOCAL = '127.0.0.1';
const SENDERS = 8;
const FILES_EACH = 24;
/** Far more than it takes, also where two processors do everything: what it rules out is waiting for a sender to end. */
const ECHO_BOUND_MS = 3000;

describeWith('busy senders', [...missingForNode(), ...missingTools('storescu')], () => {
  let node: TestNode;
  beforeAll(async () => {
    node = await startNode({ settings: { settle: { quietS: 600 } } });
  }, 60_000);
  afterAll(() => node.remove(), 60_000);

  it('do not keep an echo waiting, nor each other', async () => {
    const files = Array.from({ length: SENDERS }, (_, study) => filesOf(study));
    const endedAtMs: number[] = [];
    const begun = Date.now();
    const sending = Promise.all(
      files.map(async (ofSender) => {
        const { code } = await dcmtk('storescu', '-aec', 'ANTEROOM', LOCAL, String(node.dicomPort), ...ofSender);
        endedAtMs.push(Date.now() - begun);
        return code;
      }),
    );
    let isSending = true;
    void sending.finally(() => (isSending = false));
    const latenciesMs: number[] = [];
    while (isSending) {
      const askedAt = Date.now();
      await echo({ host: LOCAL, port: node.dicomPort, aeTitle: 'ANTEROOM', callingAe: 'ECHO' });
      latenciesMs.push(Date.now() - askedAt);
    }
    expect(await sending).toEqual(Array.from({ length: SENDERS }, () => 0));
    expect(latenciesMs.length).toBeGreaterThan(3);
    expect(Math.max(...latenciesMs)).toBeLessThan(ECHO_BOUND_MS);
    // The same amount for each: none is served only when another has been.
    expect(Math.min(...endedAtMs)).toBeGreaterThan(Math.max(...endedAtMs) / 3);
  }, 60_000);
});

/** Half a megabyte each, as a CT slice has. */
function filesOf(study: number): string[] {
  const folder = tempFolder('fairness');
  return Array.from({ length: FILES_EACH }, (_, number) => {
    const { sopInstanceUid, dataSet } = generatedInstance({ seed: 4, study, number, rows: 512 });
    const file = join(folder, `${number}.dcm`);
    writeFileSync(file, Buffer.concat([fileMeta({ sopClassUid: CT_STORAGE, sopInstanceUid, transferSyntaxUid: EXPLICIT_LE }), dataSet]));
    return file;
  });
}
