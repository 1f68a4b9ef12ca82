/** "Success means durable", as the kernel saw it: an instance is on the disk, under its name and in the ledger before its C-STORE-RSP leaves. */
import { writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { dcmtk } from '../support/dcmtk.js';
import { describeWith } from '../support/data.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
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
const SOP_INSTANCE_UID = '1.2.3.9.1';

describeWith('the order of a C-STORE', [...missingForNode(), ...missingForStrace(), ...missingTools('storescu')], () => {
  let node: TestNode;
  let calls: SystemCall[];

  beforeAll(async () => {
    node = await startNode();
    const folder = tempFolder('durable-order');
    const file = join(folder, 'one.dcm');
    writeFileSync(file, instance());
    calls = await traced(node.pid() as number, TRACED, join(folder, 'trace'), async () => {
      expect(await dcmtk('storescu', '-aec', 'ANTEROOM', '127.0.0.1', String(node.dicomPort), file)).toMatchObject({ code: 0 });
    });
  }, 60_000);
  afterAll(() => node.remove());

  it('flushes the bytes, then names them, then flushes the names, then commits, and only then answers Success', () => {
    const lastByte = last('write of the part file', calls, ({ name, args }) => WRITES.includes(name) && isOfPart(args));
    const fileFlush = last('flush of the part file', calls, ({ name, args }) => SYNCS.includes(name) && isOfPart(args));
    const rename = last('rename into the archive', calls, ({ name, args }) => name.startsWith('rename') && args.includes(SOP_INSTANCE_UID));
    const archived = /"([^"]*\.dcm)"/.exec(rename.call.args)?.[1] ?? '';
    const folders = [dirname(archived), dirname(dirname(archived)), join(node.dataDir, 'archive')];
    const folderFlushes = folders.map((folder) =>
      last(`flush of ${relative(node.dataDir, folder)}/`, calls, ({ name, args }) => SYNCS.includes(name) && args.includes(`<${folder}>`)),
    );
    const answer = last('C-STORE-RSP', calls, isAnswer);
    const toLedger = calls.filter(({ begin, args }) => begin < answer.call.begin && args.includes('ledger.sqlite-wal>'));
    const commit = last('commit', toLedger, ({ name }) => WRITES.includes(name));
    const commitFlush = last('flush of the commit', toLedger, ({ name }) => SYNCS.includes(name));

    expect(
      outOfOrder([
        [lastByte, fileFlush],
        [fileFlush, rename],
        ...folderFlushes.flatMap((folderFlush) => [[rename, folderFlush] as const, [folderFlush, commit] as const]),
        [commit, commitFlush],
        [commitFlush, answer],
      ]),
    ).toEqual([]);
  });
});

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

function instance(): Uint8Array {
  return part10({
    SOPClassUID: ['1.2.840.10008.5.1.4.1.1.2'],
    SOPInstanceUID: [SOP_INSTANCE_UID],
    StudyInstanceUID: ['1.2.3.7'],
    SeriesInstanceUID: ['1.2.3.8'],
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
