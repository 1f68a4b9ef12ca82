/** Answers held against each other, and what is counted of them: wholes of parts, what is lacking, what failed. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseInstance } from '../../../src/dicom/element/parse.js';
import { writeStructureSet } from '../../../src/dicom/rtstruct/write.js';
import { readStructureSet } from '../../../src/dicom/rtstruct/read.js';
import { readSeg } from '../../../src/dicom/seg/read.js';
import { writeSeg } from '../../../src/dicom/seg/write.js';
import { readClinicalTable } from '../../../src/evaluation/cohort/clinical-table.js';
import { Answer } from '../../../src/evaluation/comparison/answer.js';
import type { CaseScore } from '../../../src/evaluation/comparison/case-score.js';
import { segmentationOfContours } from '../../../src/evaluation/comparison/drawn-contours.js';
import { scoreAnswers } from '../../../src/evaluation/comparison/score-answers.js';
import { scoreCase, type ModelResult } from '../../../src/evaluation/comparison/score-case.js';
import { summarise } from '../../../src/evaluation/comparison/summarise.js';
import { resultsTable } from '../../../src/evaluation/comparison/tables.js';
import type { CountedModel } from '../../../src/evaluation/comparison/compared-model.js';
import { summaryPage } from '../../../src/evaluation/comparison/summary-page.js';
import { csvRows } from '../../../src/foundation/csv.js';
import { ellipsoid, madeUpSource, segInput, segmentOf } from '../../support/seg.js';
import { tempFolder } from '../../support/temp.js';

const source = madeUpSource();
const left = ellipsoid(source.grid, [0.7, 0.5, 0.5], 0.2);
const right = ellipsoid(source.grid, [0.3, 0.5, 0.5], 0.2);
const small = ellipsoid(source.grid, [0.3, 0.5, 0.5], 0.15);
const drawn = (masks: Readonly<Record<string, typeof left>>) =>
  segInput(
    source,
    Object.entries(masks).map(([id, mask]) => segmentOf(id, mask)),
  );
const segOf = (masks: Readonly<Record<string, typeof left>>) => writeSeg(drawn(masks)).bytes;
const answer = (masks: Readonly<Record<string, typeof left>>) => new Answer([readSeg(parseInstance(segOf(masks)))]);
const MODELS = [{ label: 'a' }, { label: 'b' }];
const structures = (scores: ReturnType<typeof scoreAnswers>) => Object.fromEntries(scores.map((score) => [score.structure, score]));

describe('two answers', () => {
  const sides = answer({ LEFT_LUNG: left, RIGHT_LUNG: right });

  it('are compared on the wholes that one of them gives, put together of the parts of the other', () => {
    const slice = (k: number) => left.slice(k).map((voxel, at) => voxel | right.slice(k)[at]);
    const whole = answer({ LUNG: { slices: [...new Set([...left.slices, ...right.slices])], slice } });
    const scores = structures(scoreAnswers(whole, sides));
    expect(scores.LUNG).toMatchObject({
      output: { state: 'complete', lack: '' },
      reference: { state: 'given' },
      figures: { dice: 1, hausdorffMm: 0 },
    });
    expect(scores.LEFT_LUNG).toMatchObject({
      reference: { state: 'absent' },
      figures: { dice: null },
      why: 'the reference has nothing of it',
    });
  });

  it('give no figures of a whole that lacks a part, and say which', () => {
    const scores = structures(scoreAnswers(answer({ LUNG: left }), answer({ LEFT_LUNG: left })));
    expect(scores.LUNG).toMatchObject({
      figures: { dice: null },
      why: 'the output is incomplete: without Right lung',
      output: { state: 'incomplete' },
    });
  });

  it('are measured on a whole of which one that promises all parts has drawn some: the other is empty, and said', () => {
    const slice = (k: number) => left.slice(k).map((voxel, at) => voxel | right.slice(k)[at]);
    const whole = answer({ LUNG: { slices: [...new Set([...left.slices, ...right.slices])], slice } });
    const { segmentations } = answer({ LEFT_LUNG: left });
    const lung = (promised: string[]) => structures(scoreAnswers(whole, new Answer(segmentations, promised))).LUNG;
    expect(lung(['LUNG', 'LEFT_LUNG', 'RIGHT_LUNG'])).toMatchObject({
      output: { state: 'incomplete', lack: 'without Right lung' },
      figures: { dice: expect.closeTo(2 / 3, 1) as number },
    });
    expect(lung(['LUNG', 'LEFT_LUNG']).figures.dice).toBeNull();
  });

  it('give figures, and what is lacking, of a whole of which the table knows parts only', () => {
    const parts = { CEREBRAL_WHITE_MATTER: left, CEREBELLAR_WHITE_MATTER: right };
    const scores = structures(scoreAnswers(answer({ WHITE_MATTER: left }), answer(parts)));
    expect(scores.WHITE_MATTER).toMatchObject({ output: { lack: expect.stringContaining('belongs to none of its parts') as string } });
    expect(scores.WHITE_MATTER.figures.dice).toBeGreaterThan(0.5);
  });

  it('may be contours: drawn on the images they are what the segmentation is', () => {
    const set = readStructureSet(parseInstance(writeStructureSet(drawn({ LEFT_LUNG: left, RIGHT_LUNG: right }))).dataset);
    const contours = new Answer([segmentationOfContours(set, source.grid)]);
    for (const { figures, output, reference } of scoreAnswers(contours, sides)) {
      expect(figures.dice).toBe(1);
      expect(output.volumeMl).toBeCloseTo(reference?.volumeMl ?? 0, 9);
    }
  });

  it('have the volume of a structure that is on one slice by the spacing of the slices', () => {
    const flat = { slices: [4], slice: (k: number) => left.slice(k) };
    const [score] = scoreAnswers(answer({ LEFT_LUNG: flat }), answer({ LEFT_LUNG: flat }));
    const voxels = left.slice(4).reduce((sum, voxel) => sum + voxel, 0);
    expect(score.output.volumeMl).toBeCloseTo((voxels * 0.75 * 1.5 * 2.5) / 1000, 9);
  });
});

describe('what is counted', () => {
  const folder = tempFolder('scores');
  const file = (name: string, masks: Readonly<Record<string, typeof left>>) => {
    const path = join(folder, name);
    writeFileSync(path, segOf(masks));
    return path;
  };
  const truth = file('truth', { LEFT_LUNG: left, RIGHT_LUNG: right });
  const result = (model: string, paths: string[], failure?: ModelResult['failure']): ModelResult => ({
    model,
    runTimeMs: 1000,
    peakMemoryBytes: null,
    files: paths,
    paths,
    ...(failure === undefined ? {} : { failure }),
  });
  const failed = { code: 'MODEL_TIMEOUT', reason: 'too slow' };
  const score = (caseName: string, models: ModelResult[], expert = [truth]) =>
    scoreCase({ caseName, source: caseName, patientId: caseName, studyInstanceUid: '1.2', images: [], truth: expert, models });
  let cases: CaseScore[];

  beforeAll(async () => {
    const [both, onlyRight] = [file('both', { LEFT_LUNG: left, RIGHT_LUNG: small }), file('only right', { RIGHT_LUNG: right })];
    cases = [
      await score('good', [result('a', [both]), result('b', [both])]),
      await score('absent', [result('a', [onlyRight]), result('b', [], failed)]),
      await score('both failed', [result('a', [], failed), result('b', [join(folder, 'not there')])]),
      await score('nothing drawn', [result('a', []), result('b', [both])]),
      await score('no truth', [result('a', [both]), result('b', [onlyRight])], []),
      await score('bad truth', [result('a', [both]), result('b', [both])], [join(folder, 'gone')]),
    ];
  });

  it('is every case with truth, whatever became of it', () => {
    const { structures: all, ...rest } = summarise(MODELS, cases);
    expect(rest).toMatchObject({ casesIn: 6, casesWithTruth: 4, casesWithUnreadableTruth: 1 });
    expect(rest.models.map(({ model, done, failures }) => ({ model, done, failures }))).toEqual([
      { model: 'a', done: 5, failures: { MODEL_TIMEOUT: 1 } },
      { model: 'b', done: 4, failures: { MODEL_TIMEOUT: 1, FILE_UNREADABLE: 1 } },
    ]);
    const counts = all.map(({ structure, model, n, scored, absent, failed: lost }) => [structure, model, n, scored, absent, lost]);
    expect(counts).toEqual(
      expect.arrayContaining([
        ['LEFT_LUNG', 'a', 4, 3, 2, 1],
        ['RIGHT_LUNG', 'a', 4, 3, 1, 1],
        ['LEFT_LUNG', 'b', 4, 2, 0, 2],
      ]),
    );
    expect(all.find(({ structure, model }) => structure === 'LEFT_LUNG' && model === 'a')).toMatchObject({
      metrics: { dice: { n: 3, mean: expect.closeTo(1 / 3, 12) } },
      diceWithFailuresAsZero: 0.25,
    });
  });

  it('is how models agree where there is no truth, and nothing of a truth that cannot be read', () => {
    const { agreement } = summarise(MODELS, cases);
    expect(agreement.map(({ structure, models, n }) => [structure, models, n])).toEqual(
      expect.arrayContaining([
        ['RIGHT_LUNG', ['a', 'b'], 2],
        ['LEFT_LUNG', ['a', 'b'], 1],
      ]),
    );
    expect(cases.at(-1)).toMatchObject({ truth: 'unreadable', truthReason: expect.stringMatching(/^FILE_UNREADABLE/) as string });
  });

  it('is joined to the clinical table by PatientID; what is no number is no column', () => {
    const clinical = readClinicalTable('\ufeffpatientid,age,sex,empty\ngood,61,f,\nabsent,NA,m,\n"both failed",7,f,\n', 'PatientID');
    if (typeof clinical === 'string') throw new Error(clinical);
    expect(clinical.columns).toEqual(['age']);
    expect([...clinical.rows].map(([id, row]) => [id, row.get('age')])).toEqual([
      ['good', 61],
      ['absent', undefined],
      ['both failed', 7],
    ]);
    expect(summarise(MODELS, cases, clinical).clinical).toMatchObject({ casesJoined: 3, casesWithoutRow: 3 });
    expect(readClinicalTable('id,age\n1,2\n', 'PatientID')).toBe('no column PatientID among id, age');
    expect(readClinicalTable('PatientID\n1\n1\n', 'PatientID')).toBe('PatientID 1 has two rows; expected one');
  });

  it('is no Dice of 0 where the truth is empty: a right answer is not counted, a wrong one is a false positive', async () => {
    const nothing = { slices: [], slice: (k: number) => left.slice(k) };
    const empty = file('empty', { LEFT_LUNG: nothing, RIGHT_LUNG: right });
    const [onlyRight, both] = [file('right', { RIGHT_LUNG: right }), file('both sides', { LEFT_LUNG: left, RIGHT_LUNG: right })];
    const all = [
      await score('full', [result('a', [both]), result('b', [both])]),
      await score('empty', [result('a', [onlyRight]), result('b', [both])], [empty]),
    ];
    expect(all[1].truthHas).not.toContain('LEFT_LUNG');
    const of = (model: string) => summarise(MODELS, all).structures.find((one) => one.structure === 'LEFT_LUNG' && one.model === model);
    expect(of('a')).toMatchObject({ n: 1, absent: 0, falsePositives: 0, metrics: { dice: { mean: 1 } }, diceWithFailuresAsZero: 1 });
    expect(of('b')).toMatchObject({ n: 1, falsePositives: 1, metrics: { dice: { n: 1, mean: 1 } } });
  });

  describe('of a structure that no case has of a model', () => {
    const LOBES = [
      'LEFT_UPPER_LUNG_LOBE',
      'LEFT_LOWER_LUNG_LOBE',
      'RIGHT_UPPER_LUNG_LOBE',
      'RIGHT_MIDDLE_LUNG_LOBE',
      'RIGHT_LOWER_LUNG_LOBE',
    ];
    const claims = ['LEFT_LUNG', 'RIGHT_LUNG'];
    const counts = (models: readonly CountedModel[], all: readonly CaseScore[]) =>
      summarise(models, all).structures.map(({ model, structure, n, absent, failed: lost, notMeasured, metrics }) =>
        [model, structure, n, absent, lost, notMeasured, metrics.dice?.mean ?? null].join(' '),
      );
    const rowsOf = (models: readonly CountedModel[], all: readonly CaseScore[]) => {
      const [head, ...rows] = csvRows(resultsTable(all, models));
      const names = ['case', 'model', 'structure', 'standing', 'dice'];
      return rows.map((cells) => names.map((name) => cells[head.indexOf(name)]).join(' '));
    };

    it('is a Dice of 0 where its card promises it, and a failure where it fails; what nobody promises is told of', async () => {
      const [onlyRight, both] = [file('never left', { RIGHT_LUNG: right }), file('as it is', { LEFT_LUNG: left, RIGHT_LUNG: right })];
      const all = [
        await score('one', [result('a', [onlyRight]), result('b', [onlyRight]), result('c', [])]),
        await score('two', [result('a', [], failed), result('b', [onlyRight]), result('c', [both], failed)]),
      ];
      const models = [{ label: 'a', claims }, { label: 'b' }, { label: 'c', claims: LOBES }];
      expect(counts(models, all).sort()).toEqual([
        'a LEFT_LUNG 2 1 1 0 0',
        'a RIGHT_LUNG 2 0 1 0 1',
        'b RIGHT_LUNG 2 0 0 0 1',
        'c LEFT_LUNG 2 1 1 0 0',
        'c RIGHT_LUNG 2 1 1 0 0',
      ]);
      const summary = summarise(models, all);
      expect(summary.models.map(({ notClaimed }) => notClaimed)).toEqual([[], [{ structure: 'LEFT_LUNG', cases: 2 }], []]);
      expect(summaryPage({ begunAt: '2026-01-01T00:00:00Z', cohort: 'c', models }, all, summary)).toContain('<td>Left lung (2)</td>');
      expect(rowsOf(models, all).sort()).toEqual([
        'one a LEFT_LUNG absent 0',
        'one a RIGHT_LUNG scored 1',
        'one b LEFT_LUNG not claimed ',
        'one b RIGHT_LUNG scored 1',
        'one c LEFT_LUNG absent 0',
        'one c RIGHT_LUNG absent 0',
        'two a LEFT_LUNG failed ',
        'two a RIGHT_LUNG failed ',
        'two b LEFT_LUNG not claimed ',
        'two b RIGHT_LUNG scored 1',
        'two c LEFT_LUNG failed ',
        'two c RIGHT_LUNG failed ',
      ]);
    });

    it('is not measured where the truth has a part of it only: missed and failed no more than drawn; also in a folder of an earlier release', async () => {
      const [left100, both] = [file('left alone', { LEFT_LUNG: left }), file('the lung', { LUNG: left })];
      const all = [
        ...(await Promise.all(['1', '2', '3'].map((name) => score(name, [result('a', [both])], [left100])))),
        await score('missed', [result('a', [])], [left100]),
        await score('failed', [result('a', [], failed), result('b', [both])], [left100]),
      ];
      const earlier = all.map((one) => ({ ...one, truthDrawn: [] }));
      for (const cases of [all, earlier]) {
        const { structures: counted } = summarise([{ label: 'a', claims: ['LUNG'] }], cases);
        expect(counted.filter(({ structure }) => structure === 'LUNG')).toMatchObject([
          { n: 5, scored: 0, absent: 0, failed: 0, notMeasured: 5, metrics: {}, diceWithFailuresAsZero: null },
        ]);
      }
      expect(summarise([{ label: 'a', claims: ['LUNG'] }], all).structures[0].lacks).toContain('without Right lung');
    });

    it('is not claimed only in cases in which the model has not failed', async () => {
      const all = [await score('one', [result('a', [], failed)]), await score('two', [result('a', [], failed)])];
      expect(summarise([{ label: 'a' }], all).models).toMatchObject([{ failed: 2, notClaimed: [] }]);
    });

    it('is no false positive where the truth was looked at for a part of it and is empty', async () => {
      const nothing = { slices: [], slice: (k: number) => left.slice(k) };
      const [empty, whole] = [file('left empty', { LEFT_LUNG: nothing, HEART: right }), file('whole', { LUNG: left })];
      const { structures: counted } = summarise([{ label: 'a' }], [await score('one', [result('a', [whole])], [empty])]);
      expect(counted).toEqual([]);
    });

    it('is a Dice of 0 where the truth has all of it, a part looked for and found empty', async () => {
      const nothing = { slices: [], slice: (k: number) => left.slice(k) };
      const expert = [file('right empty', { LEFT_LUNG: left, RIGHT_LUNG: nothing })];
      const whole = file('left as lung', { LUNG: left });
      const all = [await score('drawn', [result('a', [whole])], expert), await score('missed', [result('a', [])], expert)];
      expect(counts([{ label: 'a' }], all)).toContain('a LUNG 2 1 0 0 0.5');
    });

    it('is not measured where parts of it are drawn and the truth of that case has parts only', async () => {
      const lobes = file('lobes', Object.fromEntries(LOBES.map((id) => [id, id.startsWith('LEFT') ? left : right])));
      const all = [await score('sides', [result('a', [lobes])]), await score('parts', [result('a', [lobes])], [lobes])];
      const counted = counts([{ label: 'a', claims: LOBES }], all);
      expect(counted).toEqual(expect.arrayContaining(['a LEFT_LUNG 2 0 0 1 1', 'a LEFT_UPPER_LUNG_LOBE 1 0 0 0 1']));
    });
  });

  it('is shown on the plot as in the table: what is missing is a Dice of 0', () => {
    const page = summaryPage({ begunAt: '2026-01-01T00:00:00Z', cohort: 'c', models: MODELS }, cases, summarise(MODELS, cases));
    const [, dots] = />Left lung: a<\/text><g [^>]*>(.*?)<\/g>/s.exec(page) ?? ['', ''];
    // One case where it is drawn, two where it is absent.
    expect(dots.match(/<circle /g)).toHaveLength(3);
  });

  it('is in tests the pairs that have figures, with how many are lost', () => {
    const { modelTests } = summarise(MODELS, cases);
    expect(modelTests.find(({ structure, metric }) => structure === 'LEFT_LUNG' && metric === 'dice')).toMatchObject({ n: 2, lost: 2 });
  });

  it('joins no case to a row of the clinical table by a PatientID that is empty', () => {
    const clinical = readClinicalTable('PatientID,age\n,61\ngood,7\n,8\n', 'PatientID');
    if (typeof clinical === 'string') throw new Error(clinical);
    const nameless = cases.map((one) => ({ ...one, patientId: '' }));
    expect(summarise(MODELS, nameless, clinical).clinical).toMatchObject({ casesJoined: 0, casesWithoutRow: 6 });
  });

  it('of no case at all is a summary without figures', () => {
    expect(summarise([{ label: 'a' }], [])).toMatchObject({
      casesIn: 0,
      structures: [],
      modelTests: [],
      sideTests: [],
      models: [{ done: 0, failed: 0 }],
    });
  });
});
