/** The example model as it is shipped: the built kit as a process of its own, on real chest CTs in JPEG-LS and native pixels. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { labelComponents } from '../../src/kit/voxels/components.js';
import { parseProgressLine } from '../../src/runs/runtimes/progress.js';
import { describeWith, testData } from '../support/data.js';
import { missingTools } from '../support/tools.js';

const KIT = resolve('dist/kit-bundle/kit.mjs');
const PATIENTS = ['ct-chest-a0001', 'ct-chest-a0002', 'expected'];
const TIMEOUT_MS = 180_000;

interface Expected {
  readonly series: string;
  readonly sid: string;
  readonly mask: string;
  /** Centres of the trachea in slices above the carina, [slice, column, row], read off the images. */
  readonly trachea: readonly (readonly [number, number, number])[];
}

const CASES: readonly Expected[] = [
  {
    series: 'ct-chest-a0001',
    sid: '1.3.6.1.4.1.14519.5.2.1.6655.2359.213534032021332276911485641315',
    mask: 'a0001b',
    trachea: [
      [40, 258, 304],
      [44, 258, 298],
      [48, 260, 291],
      [52, 260, 285],
      [56, 259, 279],
    ],
  },
  {
    series: 'ct-chest-a0002',
    sid: '1.3.6.1.4.1.14519.5.2.1.6655.2359.207154000096236603057216610983',
    mask: 'a0002b',
    trachea: [
      [21, 242, 272],
      [23, 239, 270],
      [25, 243, 262],
      [27, 246, 255],
      [28, 247, 252],
    ],
  },
  {
    series: 'ct-chest-a0002',
    sid: '1.3.6.1.4.1.14519.5.2.1.6655.2359.241981550240354690198744362919',
    mask: 'a0002b',
    trachea: [
      [21, 242, 272],
      [23, 239, 270],
      [25, 243, 262],
      [27, 246, 255],
      [28, 247, 252],
    ],
  },
];

interface Nrrd {
  readonly columns: number;
  readonly rows: number;
  readonly slices: number;
  readonly labels: Uint8Array;
}

function readNrrd(path: string): Nrrd {
  const file = readFileSync(path);
  const end = file.indexOf('\n\n');
  const [columns = 0, rows = 0, slices = 0] =
    /sizes: (.*)/
      .exec(file.toString('ascii', 0, end))?.[1]
      ?.split(' ')
      .map(Number) ?? [];
  return { columns, rows, slices, labels: gunzipSync(file.subarray(end + 2)) };
}

function runKit(inputDir: string, outputDir: string, ...more: string[]) {
  const env = {
    ...process.env,
    ANTEROOM_INPUT_DIR: inputDir,
    ANTEROOM_OUTPUT_DIR: outputDir,
    ANTEROOM_MODEL_DIR: resolve('deploy/models/lungs'),
  };
  return spawnSync(process.execPath, [KIT, '--workflow', 'default', '--non-interactive', '--stream-json-progress', ...more], {
    env,
    encoding: 'utf8',
    maxBuffer: 1e8,
  });
}

const missing = [
  ...PATIENTS.filter((name) => testData(name) === undefined).map((name) => `data ${name}`),
  ...(existsSync(KIT) ? [] : ['dist/kit-bundle: npm run build']),
];

describeWith('the lungs model on real chest CTs', missing, () => {
  const root = mkdtempSync(join(tmpdir(), 'anteroom-lungs-'));
  const runs = new Map<string, ReturnType<typeof runKit>>();
  beforeAll(() => {
    for (const name of new Set(CASES.map(({ series }) => series))) runs.set(name, runKit(testData(name) ?? '', join(root, name)));
  }, TIMEOUT_MS);
  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it('ends with 0, and its progress with 1', () => {
    for (const { status, stdout, stderr } of runs.values()) {
      expect(stderr).not.toContain('ERROR');
      expect(status).toBe(0);
      const fractions = stdout
        .trim()
        .split('\n')
        .map((line) => parseProgressLine(line)?.fraction);
      expect(fractions.at(-1)).toBe(1);
      expect(new Set(fractions).size).toBeGreaterThan(8);
    }
  });

  it('leaves a segmentation, a label map and a report per series, and nothing else', () => {
    expect(readdirSync(join(root, 'ct-chest-a0002')).sort()).toEqual(
      CASES.slice(1)
        .map(({ sid }) => sid)
        .sort(),
    );
    for (const { series, sid } of CASES)
      expect(readdirSync(join(root, series, sid)).sort()).toEqual(['lungs.json', 'lungs.nrrd', 'lungs.seg.dcm']);
  });

  describe.each(CASES)('$series $sid', ({ series, sid, mask, trachea }) => {
    const nrrd = () => readNrrd(join(root, series, sid, 'lungs.nrrd'));

    it('agrees with the expected mask: Dice above 0.97', () => {
      const expected = gunzipSync(readFileSync(join(testData('expected') ?? '', `${mask}.unet_small_lung.post.u8.gz`)));
      const { labels } = nrrd();
      let [both, all] = [0, 0];
      for (let p = 0; p < labels.length; p++) {
        const [seen, wanted] = [labels[p] > 0 ? 1 : 0, expected[p] > 0 ? 1 : 0];
        both += 2 * (seen & wanted);
        all += seen + wanted;
      }
      expect(labels.length).toBe(expected.length);
      expect(both / all).toBeGreaterThan(0.97);
    });

    it('has each lung in one piece, on its own side of the patient', () => {
      const { labels, ...extent } = nrrd();
      for (const side of [1, 2]) {
        const components = labelComponents(
          Uint8Array.from(labels, (label) => (label === side ? 1 : 0)),
          extent,
          'volume',
        );
        const voxels = components.sizes.reduce((a, b) => a + b, 0);
        expect(Math.max(...components.sizes) / voxels).toBeGreaterThan(0.97);
        // both series are axial and head first: columns run to the patient's left
        let columnSum = 0;
        labels.forEach((label, p) => {
          if (label === side) columnSum += p % extent.columns;
        });
        expect(Math.sign(columnSum / voxels - trachea[0][1])).toBe(side === 1 ? -1 : 1);
      }
    });

    it('holds nothing of the trachea above the carina', () => {
      const { labels, columns, rows } = nrrd();
      for (const [k, column, row] of trachea) {
        for (let j = row - 6; j <= row + 6; j++)
          for (let i = column - 6; i <= column + 6; i++) expect(labels[(k * rows + j) * columns + i]).toBe(0);
      }
    });
  });
});

const missingForOthers = [
  ...missing,
  ...missingTools('dciodvfy', 'python3-pydicom'),
  ...(testData('ct-abdomen-totalseg') ? [] : ['data ct-abdomen-totalseg']),
];

describeWith('the lungs model, judged by others', missingForOthers, () => {
  const root = mkdtempSync(join(tmpdir(), 'anteroom-lungs-'));
  afterAll(() => {
    rmSync(root, { recursive: true, force: true });
  });

  it(
    'leaves a segmentation that dciodvfy accepts and pydicom reads',
    () => {
      expect(runKit(join(testData('ct-chest-a0002') ?? '', 'B40f'), root).status).toBe(0);
      const path = join(root, readdirSync(root)[0] ?? '', 'lungs.seg.dcm');
      expect(spawnSync('dciodvfy', [path], { encoding: 'utf8' }).stderr).not.toMatch(/^Error/m);
      const script =
        'import pydicom,sys; d=pydicom.dcmread(sys.argv[1]); print([s.SegmentLabel for s in d.SegmentSequence], d.pixel_array.shape[1:])';
      expect(spawnSync('/usr/bin/python3', ['-c', script, path], { encoding: 'utf8' }).stdout.trim()).toBe(
        "['Right lung', 'Left lung'] (512, 512)",
      );
    },
    TIMEOUT_MS,
  );

  it(
    'fails on an abdomen, with what it saw and without a file',
    () => {
      const out = join(root, 'abdomen');
      const { status, stderr } = runKit(testData('ct-abdomen-totalseg') ?? '', out);
      expect(status).toBe(1);
      expect(stderr).toMatch(
        /ERROR LungSegmenter: series [\d.]+: MODEL_FOUND_NOTHING .*right \d+ ml, left \d+ ml; expected at least 100 ml/,
      );
      expect(existsSync(out)).toBe(false);
    },
    TIMEOUT_MS,
  );

  it(
    'fails on a missing folder and on a wrong setting before it reads a pixel',
    () => {
      expect(runKit(join(testData('ct-abdomen-totalseg') ?? '', 'nothing'), root)).toMatchObject({
        status: 1,
        stderr: expect.stringContaining('FILE_UNREADABLE') as string,
      });
      expect(runKit(root, root, '--config:modules.LungSegmenter.closng_mm=6')).toMatchObject({
        status: 2,
        stderr: expect.stringContaining('did you mean closing_mm') as string,
      });
    },
    TIMEOUT_MS,
  );
});
