/** "Success means durable", as the kernel saw it: an instance is on the disk, under its name and in the ledger before its C-STORE-RSP leaves. */
import { writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { dcmtk } from '../support/dcmtk.js';
import { describeWith } from '../support/data.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { RawPeer } from '../support/dimse.js';
import { abortPdu } from '../../src/dimse/pdu.js';
import { missingForStrace, traced, type SystemCall } from '../support/strace.js';
import { part10 } from '../support/synthetic-image.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';

const TRACED = [
  'openat',
  'write',
  'writev',
  'pwrite64',
  'pwritev',
  'fdatasync',
  'fsync',
  'rename',
  'renameat',
  'renameat2',
  'sendto',
  'sendmsg',
];
const WRITES = ['write', 'writev', 'pwrite64', 'pwritev', 'sendto', 'sendmsg'];
const SYNCS = ['fsync', 'fdatasync'];

describeWith('the order of a C-STORE', [...missingForNode(), ...missingForStrace(), ...missingTools('storescu')], () => {
  let node: TestNode;

  beforeAll(async () => {
    node = await startNode();
  }, 60_000);
  afterAll(() => node.remove());

  it.each([
    ['alone', 0],
    ['beside another association', 1],
  ])(
    'writes the bytes, names them, flushes bytes and names, then commits, and only then answers Success: %s',
    async (_how, others) => {
      const sopInstanceUid = `1.2.3.9.${String(others)}`;
      const file = join(tempFolder('durable-order'), 'one.dcm');
      writeFileSync(file, instance(sopInstanceUid));
      const beside = await Promise.all(Array.from({ length: others }, () => RawPeer.associated(node.dicomPort)));
      const calls = await traced(node.pid() as number, TRACED, `${file}.trace`, async () => {
        expect(await dcmtk('storescu', '-aec', 'ANTEROOM', '127.0.0.1', String(node.dicomPort), file)).toMatchObject({ code: 0 });
      });
      for (const peer of beside) peer.send(abortPdu(0));
      expect(outOfOrder(stepsOf(calls, node.dataDir, sopInstanceUid))).toEqual([]);
    },
    60_000,
  );
});

/** Each pair must have happened in this order. */
function stepsOf(calls: readonly SystemCall[], dataDir: string, sopInstanceUid: string): (readonly [Step, Step])[] {
  const lastByte = last('write of the part file', calls, ({ name, args }) => WRITES.includes(name) && isOfPart(args));
  const rename = last('rename into the archive', calls, ({ name, args }) => name.startsWith('rename') && args.includes(sopInstanceUid));
  const archived = /"([^"]*\.dcm)"/.exec(rename.call.args)?.[1] ?? '';
  const fileFlush = last('flush of the file', calls, ({ name, args }) => SYNCS.includes(name) && args.includes(`<${archived}>`));
  const folders = [dirname(archived), dirname(dirname(archived)), join(dataDir, 'archive')];
  const folderFlushes = folders.map((folder) =>
    last(`flush of ${relative(dataDir, folder)}/`, calls, ({ name, args }) => SYNCS.includes(name) && args.includes(`<${folder}>`)),
  );
  const answer = last('C-STORE-RSP', calls, isAnswer);
  const toLedger = calls.filter(({ begin, args }) => begin < answer.call.begin && args.includes('ledger.sqlite-wal>'));
  const commit = last('commit', toLedger, ({ name }) => WRITES.includes(name));
  const commitFlush = last('flush of the commit', toLedger, ({ name }) => SYNCS.includes(name));
  return [
    [lastByte, rename],
    [lastByte, fileFlush],
    [fileFlush, commit],
    ...folderFlushes.flatMap((folderFlush) => [[rename, folderFlush] as const, [folderFlush, commit] as const]),
    [commit, commitFlush],
    [commitFlush, answer],
  ];
}

interface Step {
  readonly what: string;
  readonly call: SystemCall;
}

function isOfPart(args: string): boolean {
  return /^\d+<[^>]*\.part>/.test(args);
}

/** A P-DATA-TF (type 04) to the sender: in an association with one C-STORE only the C-STORE-RSP is one. */
function isAnswer({ name, args }: SystemCall): boolean {
  return WRITES.includes(name) && args.includes('<TCP:') && args.includes('"\\4\\0');
}

function last(what: string, among: readonly SystemCall[], wanted: (call: SystemCall) => boolean): Step {
  const call = among.findLast(wanted);
  if (call === undefined) throw new Error(`there was no ${what}`);
  return { what, call };
}

/** The pairs whose first step had not ended when the second one began. */
function outOfOrder(pairs: readonly (readonly [Step, Step])[]): string[] {
  return pairs
    .filter(([first, then]) => first.call.end >= then.call.begin)
    .map(([first, then]) => `${then.what} before the end of: ${first.what}`);
}

function instance(sopInstanceUid: string): Uint8Array {
  return part10({
    SOPClassUID: ['1.2.840.10008.5.1.4.1.1.2'],
    SOPInstanceUID: [sopInstanceUid],
    StudyInstanceUID: [`${sopInstanceUid}.7`],
    SeriesInstanceUID: [`${sopInstanceUid}.8`],
    PatientID: ['ORDER'],
    Modality: ['CT'],
    Rows: [64],
    Columns: [64],
    SamplesPerPixel: [1],
    PhotometricInterpretation: ['MONOCHROME2'],
    BitsAllocated: [16],
    BitsStored: [16],
    HighBit: [15],
    PixelRepresentation: [0],
    PixelData: new Uint8Array(64 * 64 * 2),
  });
}
