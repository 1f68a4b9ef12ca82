/** Conditions over the instances of a series and over the series of a study. */
import { explain, explainStudy, reasonOf } from '../../../src/routing/condition.js';
import type { Condition } from '../../../src/routing/schema.js';
import type { Truth } from '../../../src/routing/truth.js';
import { header, series, study } from './support.js';

const BAD: Condition = { tag: 'ImageComments', equals: 'bad' };

/** A series with so many instances whose comment is bad, good and absent. */
function mixed(bad: number, good: number, absent: number) {
  const comments = [...Array<string>(bad).fill('bad'), ...Array<string>(good).fill('good'), ...Array<null>(absent).fill(null)];
  const instances = comments.map((ImageComments, k) => ({
    sopInstanceUid: `1.${k}`,
    header: header({ InstanceNumber: k + 1, ImageComments }),
  }));
  const [only] = study({ seriesInstanceUid: '1', instances }).series;
  if (only === undefined) throw new Error('no series');
  return only;
}

const at = (condition: Condition, [bad, good, absent]: readonly [number, number, number]): Truth =>
  explain(condition, mixed(bad, good, absent), 'when').truth;

describe('a quantifier over instances', () => {
  it.each<[Condition, readonly [number, number, number], Truth]>([
    [{ anyInstance: BAD }, [1, 2, 2], 'true'],
    [{ anyInstance: BAD }, [0, 2, 1], 'missing'],
    [{ anyInstance: BAD }, [0, 2, 0], 'false'],
    [{ allInstances: BAD }, [3, 0, 0], 'true'],
    [{ allInstances: BAD }, [3, 0, 1], 'missing'],
    [{ allInstances: BAD }, [3, 1, 1], 'false'],
    [{ noInstance: BAD }, [0, 3, 0], 'true'],
    [{ noInstance: BAD }, [0, 3, 1], 'missing'],
    [{ noInstance: BAD }, [1, 3, 1], 'false'],
    [{ countInstances: { where: BAD, atLeast: 2 } }, [2, 1, 1], 'true'],
    [{ countInstances: { where: BAD, atLeast: 2 } }, [1, 1, 1], 'missing'],
    [{ countInstances: { where: BAD, atLeast: 2 } }, [1, 1, 0], 'false'],
    [{ countInstances: { where: BAD, atMost: 1 } }, [1, 2, 0], 'true'],
    [{ countInstances: { where: BAD, atMost: 1 } }, [1, 2, 1], 'missing'],
    [{ countInstances: { where: BAD, atMost: 1 } }, [2, 2, 1], 'false'],
    [{ countInstances: { where: BAD, between: [1, 2] } }, [1, 0, 1], 'true'],
    [{ countInstances: { where: BAD, between: [1, 2] } }, [1, 0, 2], 'missing'],
    [{ countInstances: { where: BAD, between: [1, 2] } }, [3, 0, 2], 'false'],
    [{ not: { anyInstance: BAD } }, [0, 1, 1], 'missing'],
  ])('%j of bad, good and missing %j is %s', (condition, counts, truth) => {
    expect(at(condition, counts)).toBe(truth);
  });

  it('keeps the account of two members of each answer, and counts the rest', () => {
    const account = explain({ anyInstance: BAD }, mixed(1000, 1500, 500), 'when');
    expect(account.counts).toEqual({ true: 1000, false: 1500, missing: 500 });
    expect(account.parts?.map(({ member, truth }) => `${member} ${truth}`)).toEqual([
      'instance 1 true',
      'instance 2 true',
      'instance 1001 false',
      'instance 1002 false',
      'instance 2501 missing',
      'instance 2502 missing',
    ]);
    expect(JSON.stringify(account).length).toBeLessThan(2000);
  });

  it('says in one line how many there were', () => {
    expect(reasonOf(explain({ allInstances: BAD }, mixed(3, 1, 0), 'when'))).toBe(
      'all instances with ImageComments is bad: true of 3, false of 1',
    );
  });
});

describe('a condition of the study', () => {
  const both = study(series('ct', { Modality: 'CT', SeriesNumber: 1 }), series('pt', { Modality: 'PT', SeriesNumber: 2 }));
  const ct: Condition = { tag: 'Modality', equals: 'CT' };

  it.each<[Condition, Truth]>([
    [{ anySeries: ct }, 'true'],
    [{ allSeries: ct }, 'false'],
    [{ noSeries: { tag: 'Modality', equals: 'MR' } }, 'true'],
    [{ countSeries: { where: ct, between: [1, 1] } }, 'true'],
    [{ anySeries: [ct, { countInstances: { where: { tag: 'InstanceNumber', atMost: 5 }, between: [5, 5] } }] }, 'true'],
    [{ anySeries: { fact: 'plane', equals: 'axial' } }, 'true'],
    [{ tag: 'Modality', equals: 'PT' }, 'true'],
    [{ tag: 'PatientAge', atLeast: 18 }, 'missing'],
    [{ fact: 'callingAe', equals: 'CT1' }, 'true'],
    [{ fact: 'seriesCount', equals: 2 }, 'true'],
  ])('%j is %s', (condition, truth) => {
    expect(explainStudy(condition, both, 'study').truth).toBe(truth);
  });

  it('sees each different value over all series once', () => {
    expect(explainStudy({ tag: 'Modality', equals: 'XX' }, both, 'study').seen).toEqual({ values: ['CT', 'PT'], source: 'Modality' });
  });

  it('is missing where there is no series', () => {
    expect(explainStudy({ not: { anySeries: ct } }, study(), 'study').truth).toBe('true');
    expect(explainStudy(ct, study(), 'study').truth).toBe('missing');
  });
});
