/** Bad input to the running node: odd and damaged files of real scanners are stored and explained, or refused with the right status. */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { StudyView } from '../../src/api/views.js';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { TAG } from '../../src/dicom/element/tags.js';
import { storeFiles, type StoreOutcome } from '../../src/dimse/scu.js';
import { describeWith, testData } from '../support/data.js';
import { dcmtk } from '../support/dcmtk.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { bodyOf, postStow } from '../support/stow.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';

const DATA = ['quirks-dicom2nifti', 'enhanced-multiframe', 'planar-us-rt', 'charset', 'ct-abdomen-totalseg'];

/** Takes every CT and MR that is one regular stack, so that it is the geometry that decides. */
const RULES = `rules:
  - name: any-stack
    when: [{ tag: Modality, oneOf: [CT, MR] }]
    series:
      where: [{ fact: stack, equals: regular }, { fact: sliceCount, atLeast: 3 }]
    model: not_installed
    destinations: [archive]
`;

interface OddInput {
  readonly what: string;
  readonly files: string;
  /** What `anteroom explain` says. */
  readonly explained: RegExp;
}

const NOT_FIT = /any-stack: no series\s+not analysed: /.source;
const notFit = (why: string) => new RegExp(`${NOT_FIT}.*${why}`);

const STORED: readonly OddInput[] = [
  { what: 'a tilted gantry', files: 'quirks-dicom2nifti/failing/gantrytilting', explained: notFit('stack is regular: seen tilted') },
  { what: 'a missing slice', files: 'quirks-dicom2nifti/failing/sliceincrement', explained: notFit('stack is regular: seen gaps') },
  {
    what: 'two orientations',
    files: 'quirks-dicom2nifti/failing/sliceorientation',
    explained: notFit('stack is regular: seen several-orientations'),
  },
  { what: 'two slices', files: 'quirks-dicom2nifti/failing/slicecount', explained: notFit('sliceCount is at least 3: seen 2') },
  { what: '4D, over time', files: 'quirks-dicom2nifti/ge/fmri', explained: notFit('stack is regular: seen 4d') },
  { what: '4D, diffusion', files: 'quirks-dicom2nifti/philips/dti', explained: notFit('stack is regular: seen 4d') },
  {
    what: 'enhanced CT of two frames',
    files: 'enhanced-multiframe/eCT_Supplemental.dcm',
    explained: notFit('sliceCount is at least 3: seen 2'),
  },
  {
    what: 'enhanced MR without positions',
    files: 'enhanced-multiframe/emri_small.dcm',
    explained: notFit('ImagePositionPatient or ImageOrientationPatient is absent'),
  },
  {
    what: 'enhanced MR, a whole stack',
    files: 'quirks-dicom2nifti/philips_enhanced',
    explained: /any-stack: waiting for model\s+model not_installed takes series 301, but no model of that name is active/,
  },
  {
    what: 'an ultrasound',
    files: 'planar-us-rt/pydicom/examples_ybr_color.dcm',
    explained: /any-stack: not applied\s+series 1: Modality is one of CT, MR: seen US/,
  },
  {
    what: 'a VR that is none',
    files: 'planar-us-rt/pydicom/badVR.dcm',
    explained: /any-stack: not applied\s+series 1: Modality is one of CT, MR: seen RTDOSE/,
  },
];

/** Patients' names in their own characters, as QIDO-RS tells them (PS3.5 annexes H, I, J). */
const NAMES: Readonly<Record<string, string>> = {
  chrArab: 'قباني^لنزار',
  chrFren: 'Buc^Jérôme',
  chrGerm: 'Äneas^Rüdiger',
  chrGreek: 'Διονυσιος',
  chrH31: '山田^太郎',
  chrHbrw: 'שרון^דבורה',
  chrI2: '洪^吉洞',
  chrJapMulti: 'やまだ^たろう',
  chrKoreanMulti: '김희중',
  chrRuss: 'Люкceмбypг',
  chrX1: '王^小東',
  chrX2: '王^小东',
};

const missing = [
  ...missingForNode(),
  ...missingTools('storescu'),
  ...DATA.filter((name) => testData(name) === undefined).map((name) => `data ${name}`),
];

describeWith('odd files of real scanners', missing, () => {
  const root = join(testData(DATA[0]) ?? '', '..');
  const at = (path: string) => filesUnder(join(root, path));
  let node: TestNode;

  beforeAll(async () => {
    node = await startNode({ rules: { 'rules.yaml': RULES } });
  }, 60_000);
  afterAll(() => node.remove());

  /** Sends as one sender does; the status of each. */
  async function send(files: readonly string[]): Promise<StoreOutcome[]> {
    return storeFiles({ host: '127.0.0.1', port: node.dicomPort, aeTitle: 'ANTEROOM', callingAe: 'SCANNER' }, files);
  }

  it.each(STORED)('$what is stored, and explained', async ({ files, explained }) => {
    const paths = at(files);
    expect((await send(paths)).map(({ status }) => status)).toEqual(paths.map(() => 0));
    const study = parseInstance(readFileSync(paths[0])).dataset.uid(TAG.StudyInstanceUID) as string;
    const text = await until('the study to be decided', async () => {
      const { stdout } = await node.command('explain', study);
      return stdout.includes('any-stack') && stdout;
    });
    expect(text).toMatch(explained);
    expect(text).toContain(`settled, ${paths.length} instance(s)`);
  });

  it('every character set is stored, and the name can be found in its own characters', async () => {
    const paths = at('charset/with-pixels').filter((path) => !path.includes('SQEncoding'));
    expect((await send(paths)).filter(({ status }) => status !== 0)).toEqual([]);
    const told = JSON.stringify(await (await fetch(`http://127.0.0.1:${node.httpPort}/dicom-web/studies?includefield=PatientName`)).json());
    for (const name of Object.values(NAMES)) expect(told).toContain(name);
  });

  it('storescu sends a study with its own UIDs, and is answered the same', async () => {
    const sent = await dcmtk(
      'storescu',
      '-v',
      '-R',
      '-aec',
      'ANTEROOM',
      '127.0.0.1',
      String(node.dicomPort),
      ...at('quirks-dicom2nifti/failing/gantrytilting'),
    );
    expect(sent).toMatchObject({ code: 0 });
    expect(sent.output.match(/Received Store Response \(Success\)/g)).toHaveLength(4);
  });

  it.each([
    ['empty UIDs', 'ct-abdomen-totalseg/as-published-empty-uids', 0xa900, 'no valid SOP, study or series instance UID'],
    ['no SOP class', 'charset/with-pixels/chrSQEncoding.dcm', 0xa900, 'no valid SOP, study or series instance UID'],
    ['a truncated data set', 'planar-us-rt/pydicom/MR_truncated.dcm', 0xc000, 'cannot be parsed'],
  ])('%s: refused with the status that says so, and not kept', async (_what, files, status, words) => {
    const before = (await node.admin.get<StudyView[]>('/studies')).length;
    for (const outcome of await send(at(files))) {
      expect(outcome.status).toBe(status);
      expect(outcome.error?.seen).toContain(words);
    }
    expect(await node.admin.get<StudyView[]>('/studies')).toHaveLength(before);
    expect(readdirSync(join(node.dataDir, 'incoming'))).toEqual([]);
  });

  it('a file without file meta information is refused over STOW-RS, and not kept', async () => {
    const answer = await postStow(node.httpPort, bodyOf(readFileSync(join(root, 'planar-us-rt/pydicom/no_meta.dcm'))));
    expect(answer.status).toBe(409);
    expect(readdirSync(join(node.dataDir, 'incoming'))).toEqual([]);
  });
});

function filesUnder(path: string): string[] {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile() && !/\.(md|txt)$/.test(file))
    .sort();
}
