/** Each signal of completeness, given by real peers: dcmtk's storescu sends, Orthanc knows how many instances there are. */
import { describeWith } from '../support/data.js';
import { dcmtk } from '../support/dcmtk.js';
import { holdAssociation } from '../support/held-association.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { storedInstances } from '../support/orthanc-rest.js';
import { quietOf, send, settled, signals, waitingFor } from '../support/settled-study.js';
import { smallStudy } from '../support/small-study.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';

const SHORT_S = 0.4;
/** The last resort; long enough to be told from the short quiet time on a slow machine. */
const QUIET_S = 4;

describeWith('the signal association-released', [...missingForNode(), ...missingTools('storescu')], () => {
  let node: TestNode;

  beforeAll(async () => {
    node = await startNode({ settings: { settle: { quietS: QUIET_S, shortQuietS: SHORT_S } } });
  }, 60_000);
  afterAll(() => node.remove());

  it('settles a study shortly after storescu has released its association, and says so', async () => {
    const study = smallStudy([5, 3]);
    await send(node, study.files.flat());
    const view = await settled(node, study);
    expect(view.versions).toMatchObject([{ signal: 'association-released', signalDetail: '1 association of STORESCU released' }]);
    expect(view.instances).toBe(8);
    expect(quietOf(view)).toBeLessThan(QUIET_S - 1);
    const { stdout } = await node.command('explain', study.studyInstanceUid);
    expect(stdout).toContain('settled by association-released: 1 association of STORESCU released');
  }, 30_000);

  it('gives late slices a second version, which is as whole as the first', async () => {
    const study = smallStudy([6]);
    await send(node, study.files[0].slice(0, 4));
    await settled(node, study);
    await send(node, study.files[0].slice(4));
    const view = await settled(node, study, 2);
    expect(signals(view)).toEqual(['association-released', 'association-released']);
    expect(view.instances).toBe(6);
  }, 30_000);

  it('takes an association that storescu aborted for no sign: the long quiet time holds', async () => {
    const study = smallStudy([4]);
    await send(node, study.files[0], ['--abort']);
    const view = await settled(node, study);
    expect(view.versions).toMatchObject([
      { signal: 'quiet-time', signalDetail: expect.stringContaining('1 association broke off (aborted)') as string },
    ]);
    expect(quietOf(view)).toBeGreaterThanOrEqual(QUIET_S);
  }, 30_000);

  it('waits for every association of the study, also one that is silent for long or has only begun its first instance', async () => {
    const study = smallStudy([4, 4]);
    const [silent, beginning] = [await holdAssociation(node.dicomPort), await holdAssociation(node.dicomPort, 'STORESCU')];
    await silent.store(study.slices[1][0]);
    await beginning.storeHalf(study.slices[1][1]);
    await send(node, study.files[0]);
    const open = await waitingFor(node, study, 'still open');
    expect(open).toMatchObject({ state: 'receiving', instances: 5, versions: [] });
    await silent.store(study.slices[1][2]);
    await silent.release();
    const undeclared = await waitingFor(node, study, 'just begun');
    expect(undeclared).toMatchObject({ state: 'receiving', instances: 6 });
    beginning.abort();
    const view = await settled(node, study);
    // What broke off had something in its hand that was never stored.
    expect(signals(view)).toEqual(['quiet-time']);
    expect(quietOf(view)).toBeGreaterThanOrEqual(QUIET_S);
  }, 30_000);

  it('settles nothing early that was on its way when the node was killed', async () => {
    const study = smallStudy([4, 4]);
    const held = await holdAssociation(node.dicomPort);
    await held.storeHalf(study.slices[1][0]);
    await send(node, study.files[0]);
    await node.kill();
    held.abort();
    await node.start();
    const view = await settled(node, study);
    expect(signals(view)).toEqual(['quiet-time']);
    expect(quietOf(view)).toBeGreaterThanOrEqual(QUIET_S);
    await send(node, study.files[1]);
    const whole = await settled(node, study, 2);
    expect(signals(whole)).toEqual(['quiet-time', 'association-released']);
    expect(whole.instances).toBe(8);
  }, 30_000);
});

describeWith('the signal expected-count', [...missingForNode(), ...missingForOrthanc(), ...missingTools('storescu')], () => {
  let pacs: Orthanc;

  beforeAll(async () => {
    pacs = await startOrthanc({ config: { DicomAlwaysAllowFind: true } });
  }, 90_000);
  afterAll(() => pacs.remove());

  const destinations = () => ({
    qido: { kind: 'stow', url: pacs.dicomWebUrl },
    cfind: { kind: 'cstore', host: '127.0.0.1', port: pacs.dicomPort, aeTitle: 'ORTHANC' },
  });

  it.each(['qido', 'cfind'])(
    'by %s makes one version of two batches with a long pause, and says what never came',
    async (countFrom) => {
      const settle = {
        quietS: QUIET_S,
        shortQuietS: SHORT_S,
        incompleteS: QUIET_S + 2,
        signals: ['association-released', 'expected-count'],
        countFrom,
      };
      const node = await startNode({ settings: { settle, destinations: destinations() } });
      try {
        const [study, torn] = [smallStudy([4, 4]), smallStudy([3, 3])];
        const all = [...study.files, ...torn.files].flat();
        await dcmtk('storescu', '-aec', 'ORTHANC', '127.0.0.1', String(pacs.dicomPort), ...all);
        expect((await storedInstances(pacs)).filter(({ studyInstanceUid }) => studyInstanceUid === study.studyInstanceUid)).toHaveLength(8);

        await Promise.all([send(node, [...study.files[0], study.files[1][0]]), send(node, torn.files[0])]);
        const waiting = await waitingFor(node, study, 'missing');
        expect(waiting).toMatchObject({ state: 'receiving', waitsFor: `${countFrom} lists 8 instances, 5 are here, 3 are missing` });
        await until('longer than the short quiet time', () => Date.now() - Date.parse(waiting.lastReceivedAt ?? '') > SHORT_S * 3000);
        await send(node, study.files[1].slice(1));
        const view = await settled(node, study);
        expect(view.versions).toMatchObject([{ signal: 'expected-count', signalDetail: `${countFrom} lists 8 instances, 8 are here` }]);
        expect(quietOf(view)).toBeLessThan(QUIET_S - 1);

        const incomplete = await settled(node, torn);
        expect(incomplete.versions).toMatchObject([
          {
            signal: 'quiet-time',
            signalDetail: expect.stringContaining(`${countFrom} lists 6 instances, 3 are here, 3 are missing`) as string,
          },
        ]);
        expect(quietOf(incomplete)).toBeGreaterThanOrEqual(QUIET_S + 2);
      } finally {
        await node.remove();
      }
    },
    60_000,
  );
});
