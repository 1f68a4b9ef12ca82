/** Codes of anatomic regions against the mapping of SNOMED-RT to SNOMED CT that pydicom ships. */
import { spawnSync } from 'node:child_process';
import { REGION_CODES } from '../../../../src/routing/facts/body-part-codes.js';
import { describeWith } from '../../../support/data.js';
import { missingTools } from '../../../support/tools.js';

const MAPPING = `
import json, sys
from pydicom.sr._snomed_dict import mapping
print(json.dumps({srt: mapping['SRT'].get(srt) for srt in json.load(sys.stdin)}))
`;

describeWith('codes of anatomic regions', missingTools('python3-pydicom'), () => {
  it('pair each former code with its present one', () => {
    const pairs = REGION_CODES.flatMap(([sct, srt]) => (srt === undefined ? [] : [[srt, sct] as const]));
    const asked = spawnSync('/usr/bin/python3', ['-c', MAPPING], { input: JSON.stringify(pairs.map(([srt]) => srt)), encoding: 'utf8' });
    expect(pairs.length).toBeGreaterThan(150);
    expect(JSON.parse(asked.stdout)).toEqual(Object.fromEntries(pairs));
  });

  it('are each there once', () => {
    const codes = REGION_CODES.flat().filter((code) => code !== undefined);
    expect(codes.length).toBe(new Set(codes).size);
  });
});
