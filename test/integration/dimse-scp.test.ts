/** Our SCP, judged by DCMTK's senders: every byte of every data set arrives as it was. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { describeWith, testData } from '../support/data.js';
import { dcmtk } from '../support/dcmtk.js';
import { dataSetOf, md5, startProbe, type Probe } from '../support/dimse.js';
import { part10Files } from '../support/part10.js';
import { missingTools } from '../support/tools.js';

const LOCAL = '127.0.0.1';
const needed = ['ct-chest-a0001', 'planar-us-rt', 'enhanced-multiframe'];
const missing = [
  ...missingTools('storescu', 'dcmsend', 'echoscu'),
  ...needed.filter((name) => testData(name) === undefined).map((name) => `data ${name}`),
];

/** How each data set must arrive: SOPInstanceUID → MD5 of the bytes after the file meta information. */
function expected(...folders: string[]): Map<string, string> {
  return new Map(folders.flatMap((folder) => part10Files(folder)).map((file) => [file.sopInstanceUid, md5(dataSetOf(file.path))]));
}

const arrived = (probe: Probe): Map<string, string> => new Map(probe.received.map(({ context, md5 }) => [context.sopInstanceUid, md5]));

describeWith('our SCP and DCMTK', missing, () => {
  const ct = join(testData('ct-chest-a0001') ?? '', 'B-jpegls');
  const planar = testData('planar-us-rt') ?? '';
  const enhanced = testData('enhanced-multiframe') ?? '';
  let probe: Probe;

  afterEach(async () => {
    await probe.close();
    expect(probe.connections()).toBe(0);
  });

  it('answers C-ECHO', async () => {
    probe = await startProbe({ aeTitles: ['ANTEROOM'] });
    expect(await dcmtk('echoscu', '-aec', 'ANTEROOM', LOCAL, String(probe.port))).toMatchObject({ code: 0 });
    await probe.settled();
    expect(probe.ended).toMatchObject([{ reason: 'released', stored: 0 }]);
  });

  it.each([['4096'], ['16384'], ['131072']])(
    'takes a JPEG-LS series from storescu with PDUs of %s bytes, byte for byte',
    async (pduBytes) => {
      probe = await startProbe();
      expect(await dcmtk('storescu', '-R', '-xt', '-pdu', pduBytes, '+sd', '-aet', 'CT1', LOCAL, String(probe.port), ct)).toMatchObject({
        code: 0,
      });
      expect(arrived(probe)).toEqual(expected(ct));
      expect(probe.received[0]?.context).toMatchObject({
        callingAe: 'CT1',
        remoteAddress: LOCAL,
        transferSyntaxUid: '1.2.840.10008.1.2.4.80',
        sopClassUid: '1.2.840.10008.5.1.4.1.1.2',
      });
      await probe.settled();
      expect(probe.ended).toMatchObject([{ callingAe: 'CT1', reason: 'released', stored: readdirSync(ct).length }]);
    },
  );

  it('takes the same series from dcmsend, byte for byte', async () => {
    probe = await startProbe();
    expect(await dcmtk('dcmsend', '--decompress-never', '--scan-directories', LOCAL, String(probe.port), ct)).toMatchObject({ code: 0 });
    expect(arrived(probe)).toEqual(expected(ct));
  });

  it('takes many SOP classes and transfer syntaxes in one association', async () => {
    probe = await startProbe();
    const sent = await dcmtk(
      'dcmsend',
      '--decompress-never',
      '--scan-directories',
      '--recurse',
      '--no-halt',
      LOCAL,
      String(probe.port),
      planar,
      enhanced,
    );
    expect(sent.code).toBe(0);
    // dcmsend encodes most of these anew, so that only the UIDs can be compared; the bytes are compared in dimse-scu.test.ts.
    const source = expected(planar, enhanced);
    expect(probe.received.map(({ context }) => context.sopInstanceUid).filter((uid) => !source.has(uid))).toEqual([]);
    expect(arrived(probe).size).toBe(source.size);
    expect(new Set(probe.received.map(({ context }) => context.transferSyntaxUid)).size).toBeGreaterThan(4);
    expect(new Set(probe.received.map(({ context }) => context.sopClassUid)).size).toBeGreaterThan(8);
    await probe.settled();
    expect(probe.ended).toHaveLength(1);
  });

  it('takes four associations at once', async () => {
    probe = await startProbe();
    const sent = await Promise.all(
      ['A', 'B', 'C', 'D'].map((title) => dcmtk('storescu', '-R', '-xt', '+sd', '-aet', title, LOCAL, String(probe.port), ct)),
    );
    expect(sent.map(({ code }) => code)).toEqual([0, 0, 0, 0]);
    const source = expected(ct);
    expect(probe.received).toHaveLength(4 * source.size);
    for (const { context, md5: hash } of probe.received) expect(hash).toBe(source.get(context.sopInstanceUid));
    await probe.settled();
    expect(probe.ended.map(({ stored }) => stored)).toEqual([source.size, source.size, source.size, source.size]);
  });

  it('answers only when the sink is done, while another association goes on', async () => {
    let finish = (): void => undefined;
    const durable = new Promise<void>((resolve) => (finish = resolve));
    probe = await startProbe(
      {},
      { sink: ({ callingAe }) => (callingAe === 'SLOW' ? { end: () => durable.then(() => ({ status: 0 })) } : {}) },
    );
    const one = join(ct, readdirSync(ct)[0] ?? '');
    let slowIsDone = false;
    const slow = dcmtk('storescu', '-R', '-xt', '-aet', 'SLOW', LOCAL, String(probe.port), one).then((finished) => {
      slowIsDone = true;
      return finished;
    });
    expect(await dcmtk('storescu', '-R', '-xt', '+sd', '-aet', 'FAST', LOCAL, String(probe.port), ct)).toMatchObject({ code: 0 });
    expect(slowIsDone).toBe(false);
    finish();
    expect(await slow).toMatchObject({ code: 0 });
  });
});

describeWith('refusals that a sender sees', missingTools('storescu', 'echoscu').concat(missing), () => {
  const ct = join(testData('ct-chest-a0001') ?? '', 'B-jpegls');
  const one = join(ct, readdirSync(ct)[0] ?? '');
  let probe: Probe;
  afterEach(() => probe.close());

  it('names a wrong called or calling AE title to the sender and in the log', async () => {
    probe = await startProbe({ aeTitles: ['ANTEROOM'], callingAeTitles: ['CT1'] });
    const called = await dcmtk('echoscu', '-aet', 'CT1', '-aec', 'WRONG', LOCAL, String(probe.port));
    expect(called.code).not.toBe(0);
    expect(called.output).toContain('Called AE Title Not Recognized');
    const calling = await dcmtk('echoscu', '-aet', 'CT2', '-aec', 'ANTEROOM', LOCAL, String(probe.port));
    expect(calling.output).toContain('Calling AE Title Not Recognized');
    expect(probe.logged.filter(({ message }) => message === 'association rejected').map(({ fields }) => fields.seen)).toEqual([
      'called AE title "WRONG", ours: "ANTEROOM"',
      'calling AE title "CT2", allowed: "CT1"',
    ]);
  });

  it('answers a failing sink with its DIMSE status and goes on with the next instance', async () => {
    const { AnteroomError } = await import('../../src/foundation/errors.js');
    let count = 0;
    probe = await startProbe(
      {},
      {
        onOpen: () => {
          if (++count === 1) throw new AnteroomError('DISK_LOW', '1 MB free');
        },
        sink: () =>
          count === 2
            ? {
                write: () => {
                  throw new AnteroomError('STORE_FAILED', 'EIO');
                },
              }
            : count === 3
              ? { end: () => Promise.reject(new AnteroomError('DICOM_UID_MISMATCH', 'other UIDs')) }
              : {},
      },
    );
    const sent = await dcmtk('storescu', '-v', '-R', '-xt', '--no-halt', LOCAL, String(probe.port), one, one, one, one);
    const responses = [...sent.output.matchAll(/Received Store Response \((.*)\)/g)].map(([, words]) => words);
    expect(responses).toEqual([
      'Refused: OutOfResources',
      'Refused: OutOfResources',
      expect.stringContaining('DataSetDoesNotMatchSOPClass'),
      'Success',
    ]);
    expect(probe.received).toHaveLength(1);
    await probe.settled();
    expect(probe.ended).toMatchObject([{ stored: 1, reason: 'released' }]);
  });

  it('rejects associations above the limit as transient, and takes the next when one has ended', async () => {
    let finish = (): void => undefined;
    const durable = new Promise<void>((resolve) => (finish = resolve));
    let opened = (): void => undefined;
    const isOpen = new Promise<void>((resolve) => (opened = resolve));
    probe = await startProbe(
      { maxAssociations: 1 },
      { onOpen: () => opened(), sink: () => ({ end: () => durable.then(() => ({ status: 0 })) }) },
    );
    const first = dcmtk('storescu', '-R', '-xt', LOCAL, String(probe.port), one);
    await isOpen;
    const second = await dcmtk('echoscu', LOCAL, String(probe.port));
    expect(second.output).toContain('Local Limit Exceeded');
    finish();
    expect(await first).toMatchObject({ code: 0 });
    await probe.settled();
    expect(await dcmtk('echoscu', LOCAL, String(probe.port))).toMatchObject({ code: 0 });
  });

  it('lets an association end when it closes, and takes no other', async () => {
    let finish = (): void => undefined;
    const durable = new Promise<void>((resolve) => (finish = resolve));
    let opened = (): void => undefined;
    const isOpen = new Promise<void>((resolve) => (opened = resolve));
    probe = await startProbe({}, { onOpen: () => opened(), sink: () => ({ end: () => durable.then(() => ({ status: 0 })) }) });
    const first = dcmtk('storescu', '-R', '-xt', LOCAL, String(probe.port), one);
    await isOpen;
    const closed = probe.close(10_000);
    expect((await dcmtk('echoscu', LOCAL, String(probe.port))).code).not.toBe(0);
    finish();
    expect(await first).toMatchObject({ code: 0 });
    await closed;
    await probe.settled();
    expect(probe.ended).toMatchObject([{ reason: 'released', stored: 1 }]);
  });
});
