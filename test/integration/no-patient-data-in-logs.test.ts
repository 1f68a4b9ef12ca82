/**
 * No patient data in logs: a study full of marker strings takes the whole way and every wrong turn that we know; then every line that
 * the node wrote, to stderr and to its log file, is searched for them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join, resolve } from 'node:path';
import { stringify } from 'yaml';
import type { DeliveryView, RunView, StudyView } from '../../src/api/views.js';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { TAG } from '../../src/dicom/element/tags.js';
import { toHeader } from '../../src/dicom/element/to-header.js';
import { encodeDataSet, fileMeta, type WritableHeader } from '../../src/dicom/element/write.js';
import { encodeStoreRq } from '../../src/dimse/command.js';
import { storeFiles } from '../../src/dimse/scu.js';
import { lungsSeg, makeChestStudy, sendTo, type ChestStudy } from '../support/chest-study.js';
import { describeWith } from '../support/data.js';
import { CONTROL, CT_STORAGE, EXPLICIT_LE, RawPeer, pData } from '../support/dimse.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { bodyOf, postStow } from '../support/stow.js';
import { tempFolder } from '../support/temp.js';
import { until } from '../support/until.js';

const MARK = 'ZZMARK';
const BIRTH_DATE = '19640229';
const RULES = `rules:
  - name: any-ct
    when: [{ tag: Modality, equals: CT }]
    model: MODEL
    destinations: [archive, pacs, talkative]
`;
const MODELS = ['talks_and_copies', 'talks_and_fails', 'other_patient', 'names_files'] as const;

describeWith('patient data in logs', [...missingForNode(), ...missingForOrthanc()], () => {
  let node: TestNode;
  let pacs: Orthanc;
  let talkative: Server;
  let study: ChestStudy;
  let files: readonly string[];
  let logFile: string;

  beforeAll(async () => {
    logFile = join(tempFolder('log'), 'node.log');
    pacs = await startOrthanc();
    talkative = await talkativeDestination();
    const url = `http://127.0.0.1:${(talkative.address() as AddressInfo).port}/dicom-web`;
    node = await startNode({
      rules: Object.fromEntries(
        MODELS.map((model) => [`${model}.yaml`, RULES.replace('any-ct', model.replaceAll('_', '-')).replace('MODEL', model)]),
      ),
      settings: {
        log: { level: 'debug', file: logFile },
        destinations: { pacs: { kind: 'stow', url: pacs.dicomWebUrl }, talkative: { kind: 'stow', url } },
      },
    });
    study = makeChestStudy('markers');
    files = marked(study, {});
    for (const model of MODELS) await addModel(model);
    await sendTo(node, files);
    await until('all runs to end', async () => {
      const runs = await node.admin.get<RunView[]>('/runs');
      return runs.length === MODELS.length && runs.every(({ state }) => ['done', 'failed', 'rejected'].includes(state));
    });
    await until('the deliveries to end', async () => {
      const all = await node.admin.get<DeliveryView[]>('/deliveries');
      return all.length === 3 && all.every(({ state }) => ['delivered', 'rejected'].includes(state));
    });
  }, 90_000);

  afterAll(async () => {
    await node.remove();
    await pacs.remove();
    talkative.close();
  }, 60_000);

  it('took the way of a study, with what a person needs in the commands', async () => {
    const { stdout } = await node.command('runs');
    for (const model of MODELS) expect(stdout).toContain(model);
    // The model's own words and the destination's are told to the person who asks.
    expect(stdout).toContain(`cannot segment ${MARK}`);
    expect((await node.command('explain', study.studyInstanceUid)).stdout).toContain('applied');
    expect((await node.command('deliveries')).stdout).toMatch(/to talkative is rejected: DESTINATION_REFUSED/);
    expectNoMarks();
  }, 60_000);

  it('corrected, conflicting and mixed-up patients', async () => {
    await sendTo(node, marked(study, { '00100010': { vr: 'PN', Value: [{ Alphabetic: `${MARK}CORRECTED^NAME` }] } }));
    const other = makeChestStudy('markers of two');
    await sendTo(node, marked(other, {}).slice(0, 3));
    await sendTo(node, marked(other, { '00100020': { vr: 'LO', Value: [`${MARK}SOMEBODY-ELSE`] } }).slice(3, 6));
    const conflicting = marked(study, {}, 7)[0];
    await sendTo(node, [conflicting]);
    await until(
      'both studies to be held',
      async () => (await node.admin.get<StudyView[]>('/studies')).filter(({ state }) => state === 'held').length === 2,
    );
    expectNoMarks();
  });

  it('refused instances', async () => {
    const text = (value: string) => ({ vr: 'UI', Value: [value] });
    const changes: WritableHeader[] = [
      { '0020000D': text(`${MARK}^STUDY`) },
      { '00080018': text(`${MARK}^SOP`) },
      { '00080005': { vr: 'CS', Value: [MARK] } },
    ];
    for (const change of changes) await send(marked(study, change).slice(0, 1));
    const whole = readFileSync(files[0]);
    const cut = join(tempFolder('cut'), 'cut.dcm');
    for (const bytes of [1200, 2000, 5000]) {
      writeFileSync(cut, whole.subarray(0, bytes));
      await send([cut]);
    }
    const peer = await RawPeer.associated(node.dicomPort);
    peer.send(
      pData(1, CONTROL.lastCommand, encodeStoreRq(1, CT_STORAGE, `${MARK}^ANNOUNCED`)),
      pData(1, CONTROL.lastData, whole.subarray(400)),
    );
    await peer.pdu();
    peer.send(whole.subarray(400));
    await peer.ending();
    await until('the refusals to be logged', () => node.log.filter(({ message }) => message === 'instance not stored').length >= 4);
    expectNoMarks();
  });

  it('DICOMweb requests, good and bad', async () => {
    const root = `http://127.0.0.1:${node.httpPort}/dicom-web`;
    const found = await fetch(`${root}/studies?PatientName=${MARK}*&includefield=all`);
    expect(await found.text()).toContain(MARK);
    for (const path of [
      `studies?PatientID=${MARK}&limit=${MARK}`,
      `studies/${MARK}`,
      `studies/${study.studyInstanceUid}/${MARK}`,
      `studies?${MARK}=1`,
      `${MARK}%`,
    ]) {
      await (await fetch(`${root}/${path}`)).text();
    }
    const cut = bodyOf(readFileSync(files[0]).subarray(0, 3000));
    for (const answer of [
      postStow(node.httpPort, cut),
      postStow(node.httpPort, cut, '1.2.3'),
      postStow(node.httpPort, Buffer.from(`--x\r\n${MARK}`)),
    ]) {
      await (await answer).text();
    }
    expectNoMarks();
  });

  it('the log file has the lines of the receiver as well', () => {
    const messages = readFileSync(logFile, 'utf8')
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { message: string }).message);
    for (const expected of ['node started', 'association accepted', 'instance not stored', 'settled', 'decided', 'delivered'])
      expect(messages).toContain(expected);
  });

  /** Neither in what it wrote to stderr nor in its log file, in any case or encoding that we send. */
  function expectNoMarks(): void {
    const told = (line: string) => line.toUpperCase().includes(MARK) || line.includes(BIRTH_DATE);
    expect(node.log.map((line) => JSON.stringify(line)).filter(told)).toEqual([]);
    expect(readFileSync(logFile, 'utf8').split('\n').filter(told)).toEqual([]);
    expect(node.log.length).toBeGreaterThan(20);
  }

  const send = (paths: readonly string[]) =>
    storeFiles({ host: '127.0.0.1', port: node.dicomPort, aeTitle: 'ANTEROOM', callingAe: 'SCANNER' }, paths);

  async function addModel(name: (typeof MODELS)[number]): Promise<void> {
    const folder = tempFolder('model');
    const card = JSON.parse(readFileSync('deploy/models/lungs/meta.json', 'utf8')) as Record<string, unknown>;
    writeFileSync(join(folder, 'meta.json'), JSON.stringify({ ...card, name }));
    const withMarks: ChestStudy = { ...study, files };
    writeFileSync(
      join(folder, 'right.dcm'),
      lungsSeg(withMarks, (source) => ({ ...source, header: { ...source.header, ...MARKS } })),
    );
    writeFileSync(
      join(folder, 'other.dcm'),
      lungsSeg(withMarks, (source) => ({ ...source, header: { ...source.header, '00100020': { vr: 'LO', Value: [`${MARK}-OTHER`] } } })),
    );
    const at = (file: string) => resolve(folder, file);
    const scripts: Record<(typeof MODELS)[number], string> = {
      talks_and_copies: `echo "segmenting ${MARK}^NAME"; cp ${at('right.dcm')} "$ANTEROOM_OUTPUT_DIR/"`,
      talks_and_fails: `echo "cannot segment ${MARK}^NAME" >&2; exit 3`,
      other_patient: `cp ${at('other.dcm')} "$ANTEROOM_OUTPUT_DIR/"`,
      names_files: `head -c 2000 ${at('right.dcm')} > "$ANTEROOM_OUTPUT_DIR/${MARK}.dcm"`,
    };
    writeFileSync(join(folder, 'model.yaml'), stringify({ runtime: 'process', command: ['sh', '-c', scripts[name]], memoryMb: 512 }));
    expect(await node.command('models', 'add', folder, '--activate', '--reason', 'test')).toMatchObject({ exitCode: 0 });
  }
});

/** Values of every kind of text, of a private block and within a sequence; none of them may ever be in a log. */
const MARKS: WritableHeader = {
  '00080050': { vr: 'SH', Value: [`${MARK}ACC`] },
  '00080080': { vr: 'LO', Value: [`${MARK} Hospital`] },
  '00080081': { vr: 'ST', Value: [`${MARK} Street`] },
  '00080090': { vr: 'PN', Value: [{ Alphabetic: `${MARK}^Referrer` }] },
  '00081010': { vr: 'SH', Value: [`${MARK}STATION`] },
  '00081030': { vr: 'LO', Value: [`${MARK} study`] },
  '0008103E': { vr: 'LO', Value: [`${MARK} series`] },
  '00081048': { vr: 'PN', Value: [{ Alphabetic: `${MARK}^Physician` }] },
  '00090010': { vr: 'LO', Value: [`${MARK} CREATOR`] },
  '00091001': { vr: 'LO', Value: [`${MARK} private`] },
  '00100010': { vr: 'PN', Value: [{ Alphabetic: `${MARK}^Name` }] },
  '00100020': { vr: 'LO', Value: [`${MARK}-ID`] },
  '00100030': { vr: 'DA', Value: [BIRTH_DATE] },
  '00101000': { vr: 'LO', Value: [`${MARK}-OTHER-ID`] },
  '00101001': { vr: 'PN', Value: [{ Alphabetic: `${MARK}^Other` }] },
  '00101040': { vr: 'LO', Value: [`${MARK} Road 1`] },
  '00104000': { vr: 'LT', Value: [`${MARK} comment`] },
  '00180015': { vr: 'CS', Value: ['CHEST'] },
  '00181030': { vr: 'LO', Value: [`${MARK} protocol`] },
  '00200010': { vr: 'SH', Value: [`${MARK}ID`] },
  '00204000': { vr: 'LT', Value: [`${MARK} image comment`] },
  '00321060': { vr: 'LO', Value: [`${MARK} procedure`] },
  '00400275': { vr: 'SQ', Value: [{ '00400007': { vr: 'LO', Value: [`${MARK} step`] }, '00401001': { vr: 'SH', Value: [`${MARK}RP`] } }] },
};

/** The study's files with the marks and a change; `pixel`: also that value in its first pixel. */
function marked(study: ChestStudy, change: WritableHeader, pixel?: number): string[] {
  const folder = tempFolder('marked');
  return study.files.map((file, index) => {
    const { dataset } = parseInstance(readFileSync(file));
    const pixels = Buffer.from(dataset.bytesOf(TAG.PixelData) as Uint8Array);
    if (pixel !== undefined) pixels[0] = pixel;
    const header: WritableHeader = {
      ...toHeader(dataset),
      ...MARKS,
      ...change,
      '7FE00010': { vr: 'OW', bytes: pixels },
    };
    const meta = fileMeta({
      sopClassUid: CT_STORAGE,
      sopInstanceUid: dataset.uid(TAG.SOPInstanceUID) as string,
      transferSyntaxUid: EXPLICIT_LE,
    });
    const path = join(folder, `${index}.dcm`);
    writeFileSync(path, Buffer.concat([meta, encodeDataSet(header)]));
    return path;
  });
}

/** A destination that names the patient in its refusals. */
async function talkativeDestination(): Promise<Server> {
  const server = createServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(409, { 'content-type': 'text/plain' }).end(`patient ${MARK} is not known here`);
    });
  });
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return server;
}
