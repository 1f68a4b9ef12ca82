/** Query/Retrieve of the built node, judged by findscu, movescu and Orthanc. */
import { mkdtempSync, readdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describeWith, testData } from '../support/data.js';
import { dcmtk } from '../support/dcmtk.js';
import { dataSetOf, md5 } from '../support/dimse.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { freePort, missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { storedInstances } from '../support/orthanc-rest.js';
import { part10Files, type Part10File } from '../support/part10.js';
import { missingTools } from '../support/tools.js';

const needed = ['ct-chest-a0002', 'charset'];
const missing = [
  ...missingForNode(),
  ...missingForOrthanc(),
  ...missingTools('storescu', 'dcmsend', 'findscu', 'movescu'),
  ...needed.filter((name) => testData(name) === undefined).map((name) => `data ${name}`),
];
const LOCAL = '127.0.0.1';

describeWith('query and retrieve', missing, () => {
  const chest = testData('ct-chest-a0002') ?? '';
  const names = testData('charset') ?? '';
  let node: TestNode;
  let orthanc: Orthanc;
  let movePort: number;
  let chestFiles: Part10File[];
  let study: string;

  beforeAll(async () => {
    movePort = await freePort();
    orthanc = await startOrthanc();
    node = await startNode({
      settings: {
        settle: { quietS: 3600 },
        query: {
          callers: ['READER', { aeTitle: 'MOVER', addresses: ['127.0.0.0/8'] }, { aeTitle: 'ELSEWHERE', addresses: ['192.0.2.1'] }],
        },
        peers: { MOVER: { host: LOCAL, port: movePort }, GONE: { host: LOCAL, port: 1 } },
        destinations: { pacs: { kind: 'cstore', host: LOCAL, port: orthanc.dicomPort, aeTitle: 'ORTHANC' } },
      },
    });
    chestFiles = part10Files(chest);
    study = chestFiles[0]?.studyInstanceUid ?? '';
    await send(chest);
    await send(names);
  });
  afterAll(async () => {
    await node.remove();
    await orthanc.remove();
  });

  async function send(folder: string): Promise<void> {
    const options = ['--decompress-never', '--scan-directories', '--recurse', '--no-halt', '-aec', 'ANTEROOM'];
    const sent = await dcmtk('dcmsend', ...options, LOCAL, String(node.dicomPort), folder);
    expect(sent.code).toBe(0);
  }

  /** Runs findscu; the final status line and, of each match, what findscu shows of it. */
  async function find(
    caller: string,
    keys: readonly string[],
    ...options: string[]
  ): Promise<{ code: number | null; output: string; matches: string[] }> {
    const args = [...options, '-aet', caller, '-aec', 'ANTEROOM', ...keys.flatMap((key) => ['-k', key]), LOCAL, String(node.dicomPort)];
    const { code, output } = await dcmtk('findscu', '-d', ...args);
    const matches = output.split(/Received Find Response \d+/).slice(1);
    return { code, output, matches };
  }

  const values = (text: string, tag: string): string[] =>
    [...text.matchAll(new RegExp(`\\(${tag}\\) .. \\[?([^\\]#]*)`, 'g'))].map(([, value]) => (value ?? '').trim());

  it('answers the study level with counts and modalities, by a unique key, a wildcard and a range', async () => {
    const keys = [
      'QueryRetrieveLevel=STUDY',
      `StudyInstanceUID=${study}`,
      'StudyDate',
      'NumberOfStudyRelatedInstances',
      'NumberOfStudyRelatedSeries',
      'ModalitiesInStudy',
    ];
    const byUid = await find('READER', keys, '-S');
    expect(byUid.code).toBe(0);
    expect(byUid.matches).toHaveLength(1);
    const found = byUid.matches[0] ?? '';
    expect(values(found, '0020,1208')[0]).toBe(String(chestFiles.length));
    expect(values(found, '0020,1206')[0]).toBe('2');
    expect(values(found, '0008,0061')[0]).toBe('CT');
    expect(values(found, '0008,0054')[0]).toBe('ANTEROOM');
    const [date = ''] = values(found, '0008,0020');
    const ranged = await find(
      'READER',
      ['QueryRetrieveLevel=STUDY', `StudyDate=${date}-${date}`, 'ModalitiesInStudy=CT', 'StudyInstanceUID'],
      '-S',
    );
    expect(ranged.matches.some((one) => one.includes(study))).toBe(true);
    const none = await find('READER', ['QueryRetrieveLevel=STUDY', 'StudyDate=-18991231', 'StudyInstanceUID'], '-S');
    expect(none).toMatchObject({ code: 0, matches: [] });
  });

  it('answers series and images below their unique keys, in either transfer syntax', async () => {
    const series = await find(
      'READER',
      ['QueryRetrieveLevel=SERIES', `StudyInstanceUID=${study}`, 'SeriesInstanceUID', 'Modality=CT'],
      '-S',
      '-xi',
    );
    expect(series.matches).toHaveLength(2);
    const uid = chestFiles[0]?.seriesInstanceUid ?? '';
    const images = await find(
      'READER',
      ['QueryRetrieveLevel=IMAGE', `StudyInstanceUID=${study}`, `SeriesInstanceUID=${uid}`, 'SOPInstanceUID', 'InstanceNumber'],
      '-S',
    );
    expect(new Set(images.matches.flatMap((one) => values(one, '0008,0018')))).toEqual(
      new Set(chestFiles.filter((file) => file.seriesInstanceUid === uid).map(({ sopInstanceUid }) => sopInstanceUid)),
    );
  });

  it('answers the patient level, with names in UTF-8 that match by wildcard', async () => {
    const all = await find('READER', ['QueryRetrieveLevel=PATIENT', 'PatientID', 'PatientName'], '-P');
    expect(all.code).toBe(0);
    expect(all.matches.length).toBeGreaterThan(3);
    expect(all.output).toContain('ISO_IR 192');
    expect(Buffer.from(all.output, 'latin1').toString('utf8')).toContain('山田');
    const yamada = await find('READER', ['QueryRetrieveLevel=PATIENT', 'PatientID', 'PatientName=Yamada*'], '-P');
    expect(yamada.matches.length).toBeGreaterThan(0);
    expect(yamada.matches.length).toBeLessThan(all.matches.length);
  });

  it('refuses what the model does not allow, and callers that are not named', async () => {
    expect((await find('READER', ['QueryRetrieveLevel=SERIES', 'SeriesInstanceUID'], '-S')).output).toContain(
      'level SERIES needs one StudyInstanceUID',
    );
    expect((await find('READER', ['QueryRetrieveLevel=PATIENT', 'PatientID'], '-S')).output).toMatch(/0xa900|IdentifierDoesNotMatch/i);
    expect((await find('READER', ['QueryRetrieveLevel=STUDY', 'StudyDate=yesterday'], '-S')).output).toContain('StudyDate wants a DA');
    for (const caller of ['STRANGER', 'ELSEWHERE']) {
      const stranger = await find(caller, ['QueryRetrieveLevel=STUDY', 'StudyInstanceUID'], '-S');
      expect(stranger.output).toContain('No Acceptable Presentation Contexts');
    }
  });

  it('honours C-CANCEL', async () => {
    const uid = chestFiles[0]?.seriesInstanceUid ?? '';
    const keys = ['QueryRetrieveLevel=IMAGE', `StudyInstanceUID=${study}`, `SeriesInstanceUID=${uid}`, 'SOPInstanceUID'];
    const cancelled = await find('READER', keys, '-S', '--cancel', '1');
    expect(cancelled.output).toMatch(/Cancel|0xfe00/i);
    // The association is as good as before: the node goes on, and so do its other peers.
    expect((await find('READER', keys, '-S')).matches.length).toBeGreaterThan(1);
  });

  it('moves a JPEG-LS series to movescu byte for byte, with the counts of its sub-operations', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'anteroom-move-'));
    try {
      const compressed = chestFiles.filter(({ transferSyntaxUid }) => transferSyntaxUid === '1.2.840.10008.1.2.4.80');
      const uid = compressed[0]?.seriesInstanceUid ?? '';
      const options = ['-S', '-aet', 'MOVER', '-aem', 'MOVER', '-aec', 'ANTEROOM', '+P', String(movePort), '+B', '+xt'];
      const keys = ['QueryRetrieveLevel=SERIES', `StudyInstanceUID=${study}`, `SeriesInstanceUID=${uid}`].flatMap((key) => ['-k', key]);
      // With +B, movescu writes into its working folder whatever -od says.
      const moved = await dcmtk(
        'sh',
        '-c',
        'cd "$0" && exec movescu "$@"',
        folder,
        '-d',
        ...options,
        ...keys,
        LOCAL,
        String(node.dicomPort),
      );
      expect(moved.code).toBe(0);
      expect(moved.output).toMatch(new RegExp(`Completed Suboperations *: ${String(compressed.length)}`));
      expect(moved.output).toContain('Move Originator');
      const received = readdirSync(folder).map((name) => md5(dataSetOf(join(folder, name))));
      expect(new Set(received)).toEqual(new Set(compressed.map(({ path }) => md5(dataSetOf(path)))));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  async function move(destination: string, ...keys: string[]): Promise<string> {
    const args = ['-S', '-aet', 'READER', '-aem', destination, '-aec', 'ANTEROOM', ...keys.flatMap((key) => ['-k', key])];
    return (await dcmtk('movescu', '-d', ...args, LOCAL, String(node.dicomPort))).output;
  }

  it('moves a study to an Orthanc that is a destination', async () => {
    await move('ORTHANC', 'QueryRetrieveLevel=STUDY', `StudyInstanceUID=${study}`);
    const there = await storedInstances(orthanc);
    expect(new Set(there.map(({ sopInstanceUid }) => sopInstanceUid))).toEqual(
      new Set(chestFiles.map(({ sopInstanceUid }) => sopInstanceUid)),
    );
  });

  it('says when it does not know the destination, or cannot reach it', async () => {
    expect(await move('NOWHERE', 'QueryRetrieveLevel=STUDY', `StudyInstanceUID=${study}`)).toMatch(/MoveDestinationUnknown|0xa801/i);
    const unreachable = await move('GONE', 'QueryRetrieveLevel=STUDY', `StudyInstanceUID=${study}`);
    expect(unreachable).toMatch(/0xa702|UnableToPerformSubOperations/i);
    expect(unreachable).toMatch(new RegExp(`Failed Suboperations *: ${String(chestFiles.length)}`));
  });
});
