/**
 * 422 drawn cases of which it is known how good three models are on them: the built `anteroom compare` reads the results of all, puts lobes and
 * sides together to lungs, and finds within its confidence intervals what was planted.
 */
import { copyFileSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Summary } from '../../src/evaluation/comparison/summarise.js';
import type { Interval } from '../../src/evaluation/statistics/bootstrap.js';
import { csvRows } from '../../src/foundation/csv.js';
import { describeWith } from '../support/data.js';
import { drawCohort, type PlantedCohort } from '../support/drawn-cohort.js';
import { missingForNode, runAnteroom, type CommandResult } from '../support/node.js';
import { tempFolder } from '../support/temp.js';

const PLANTED: PlantedCohort = {
  size: 422,
  models: [
    { name: 'sides', dice: 0.95, draws: 'sides', failsOn: [] },
    { name: 'whole', dice: 0.93, draws: 'lung', failsOn: [7] },
    { name: 'lobes', dice: 0.91, draws: 'lobes', failsOn: [3, 8, 200, 300, 421] },
  ],
  leftDeficit: 0.02,
  ageCorrelation: -0.13,
  // One interval in twenty misses what it is to hold: a draw near the middle.
  seed: 1,
};
const MODELS = PLANTED.models.map(({ name }) => name);
const within = (planted: number, interval: Interval | undefined) =>
  interval !== undefined && interval.low <= planted && planted <= interval.high;

describeWith('422 cases with planted truth', missingForNode(), () => {
  const folder = tempFolder('drawn-cohort');
  const out = join(folder, 'out');
  const compare = () =>
    runAnteroom(
      ...['compare', '--cohort', join(folder, 'cohort.yaml'), '--truth', join(folder, 'truth'), '--out', out, '--json'],
      ...MODELS.flatMap((name) => ['--results', `${name}=${join(folder, name)}`]),
    );
  let run: CommandResult;
  let summary: Summary;
  const structure = (id: string, model: string) => {
    const found = summary.structures.find((one) => one.structure === id && one.model === model);
    if (found === undefined) throw new Error(`no summary of ${id} by ${model}`);
    return found;
  };

  beforeAll(async () => {
    drawCohort(folder, PLANTED);
    // Two experts have not come to it.
    for (const name of ['case-011', 'case-012']) rmSync(join(folder, 'truth', `${name}.dcm`));
    run = await compare();
    summary = JSON.parse(run.stdout) as Summary;
  }, 120_000);

  it('counts every case: failures stay in n', () => {
    expect({ exitCode: run.exitCode, stderr: run.stderr }).toEqual({ exitCode: 1, stderr: '' });
    expect(summary).toMatchObject({ casesIn: 422, casesWithTruth: 420, casesWithUnreadableTruth: 0 });
    expect(summary.models.map(({ model, casesIn, done, failed, failures }) => ({ model, casesIn, done, failed, failures }))).toEqual([
      { model: 'sides', casesIn: 422, done: 422, failed: 0, failures: {} },
      { model: 'whole', casesIn: 422, done: 421, failed: 1, failures: { NOT_FOUND: 1 } },
      { model: 'lobes', casesIn: 422, done: 417, failed: 5, failures: { NOT_FOUND: 5 } },
    ]);
    expect(structure('LEFT_LUNG', 'lobes')).toMatchObject({ n: 420, scored: 415, failed: 5, absent: 0, notMeasured: 0 });
    const { metrics, diceWithFailuresAsZero } = structure('LEFT_LUNG', 'lobes');
    expect(diceWithFailuresAsZero).toBeCloseTo(((metrics.dice?.mean ?? 0) * 415) / 420, 12);
  });

  it.each(PLANTED.models)('recovers the Dice of $name', ({ name, dice, draws }) => {
    const planted: [string, number][] = [['LUNG', dice - PLANTED.leftDeficit / 2]];
    if (draws !== 'lung') planted.push(['LEFT_LUNG', dice - PLANTED.leftDeficit], ['RIGHT_LUNG', dice]);
    for (const [id, level] of planted) expect([id, within(level, structure(id, name).metrics.dice?.meanInterval)]).toEqual([id, true]);
  });

  it('puts lobes together to lungs, and says so', () => {
    const [head, ...rows] = csvRows(readFileSync(join(out, 'results.csv'), 'utf8'));
    const of = (name: string, model: string, id: string) => {
      const found = rows.find((cells) => cells[0] === name && cells[2] === model && cells[head.indexOf('structure')] === id) ?? [];
      return Object.fromEntries(head.map((column, at) => [column, found[at]]));
    };
    expect(of('case-001', 'lobes', 'LEFT_LUNG')).toMatchObject({
      made_of: 'complete',
      lack: '',
      patient_id: 'P001',
      volume_ml: '2.88',
      reference_volume_ml: '2.88',
    });
    expect(of('case-001', 'lobes', 'LUNG')).toMatchObject({ made_of: 'complete', volume_ml: '5.76' });
    expect(of('case-001', 'whole', 'LUNG')).toMatchObject({ made_of: 'given' });
    expect(rows.find((cells) => cells[0] === 'case-004' && cells[2] === 'lobes')?.slice(0, 6)).toEqual([
      'case-004',
      'P004',
      'lobes',
      'failed',
      'NOT_FOUND',
      'the folder has no result of this case',
    ]);
  });

  it('finds which model is better, on the cases that both have', () => {
    const test = summary.modelTests.find(
      ({ structure: id, models, metric }) => id === 'RIGHT_LUNG' && models.join() === 'sides,lobes' && metric === 'dice',
    );
    expect(test).toMatchObject({ n: 415, signedRank: { value: { method: 'normal' } } });
    expect(within(0.04, test?.meanDifferenceInterval)).toBe(true);
    expect(test?.pHolm).toBeLessThan(1e-10);
  });

  it('finds the deficit of the left lung', () => {
    for (const model of ['sides', 'lobes']) {
      const test = summary.sideTests.find((one) => one.model === model && one.metric === 'dice' && one.sides[0] === 'LEFT_LUNG');
      expect([model, within(-PLANTED.leftDeficit, test?.meanDifferenceInterval)]).toEqual([model, true]);
      expect(test?.pHolm).toBeLessThan(1e-10);
    }
  });

  it('finds the correlation with age, and none with what is the same in all', () => {
    const found = summary.clinical.correlations.filter(({ metric, structure: id }) => metric === 'dice' && id === 'RIGHT_LUNG');
    const withAge = found.filter(({ column }) => column === 'age').map(({ pearson }) => ('value' in pearson ? pearson.value : undefined));
    expect(withAge.map((one) => one?.n)).toEqual([420, 415]);
    expect(withAge.map((one) => within(PLANTED.ageCorrelation, one?.interval))).toEqual([true, true]);
    const constant = found.filter(({ column }) => column === 'constant');
    expect(constant.map(({ pearson }) => pearson)).toEqual(Array(2).fill({ undefinedBecause: 'one of the two is the same in all cases' }));
  });

  it('shows all of it on a page that loads nothing', () => {
    const page = readFileSync(join(out, 'summary.html'), 'utf8');
    expect(page).toMatch(/422 cases of .*, 420 with truth/);
    expect(page.match(/<svg /g)).toHaveLength(2);
    expect(page).not.toMatch(/<script|src="|href="/);
  });

  it('says the same when it is given again, without scoring a case once more', async () => {
    copyFileSync(join(folder, 'truth', 'case-001.dcm'), join(folder, 'sides', 'case-001.dcm'));
    const { exitCode, stdout, stderr } = await compare();
    expect({ exitCode, stderr }).toEqual({ exitCode: 1, stderr: '' });
    expect(JSON.parse(stdout)).toEqual(summary);
  }, 60_000);
});
