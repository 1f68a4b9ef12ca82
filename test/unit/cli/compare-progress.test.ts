/** What `compare` prints of each case. */
import { jest } from '@jest/globals';
import { ComparisonProgress } from '../../../src/cli/compare-progress.js';
import type { CaseScore } from '../../../src/evaluation/comparison/case-score.js';

afterEach(() => jest.restoreAllMocks());

it('says why models failed, the same reason once', () => {
  let printed = '';
  jest.spyOn(process.stdout, 'write').mockImplementation((text) => Boolean((printed += String(text))));
  const failure = { code: 'USAGE', reason: 'the case has 2 series' };
  const models = [
    { model: 'lungs', failure },
    { model: 'lobes', failure },
    { model: 'ready', runTimeMs: 1500 },
  ];
  const progress = new ComparisonProgress(false, 3);
  progress.begin(1, 0);
  progress.caseEnded({ caseName: 'one', truth: 'none', models } as unknown as CaseScore);
  expect(printed).toBe('1 of 1  one: lungs failed: USAGE, lobes failed: USAGE, ready 1.5 s\n  lungs, lobes: the case has 2 series\n');
});
