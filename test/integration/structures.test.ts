/** The codes of the table of structures, held against the dictionary of PS3.16 that pydicom brings. */
import { execFileSync } from 'node:child_process';
import { CATEGORY, LATERALITY, REGION } from '../../src/dicom/structures/code.js';
import { STRUCTURES } from '../../src/dicom/structures/table.js';
import { describeWith } from '../support/data.js';
import { PYTHON } from '../support/seg.js';
import { missingTools } from '../support/tools.js';

const SCRIPT = `
import json
from pydicom.sr._concepts_dict import concepts
from pydicom.sr._snomed_dict import mapping
meanings = {}
for scheme in ('SCT', 'DCM'):
    for entries in concepts[scheme].values():
        for value, (meaning, cids) in entries.items():
            meanings.setdefault(scheme + ' ' + value, []).append(meaning.lower())
print(json.dumps({'meanings': meanings, 'sctOfSrt': mapping['SRT']}))
`;

/** The trunk's regions: newer than pydicom 2.3's edition of the standard. */
const NEWER = [REGION.chest, REGION.abdomen, REGION.pelvis].map((code) => code.value);

describeWith('the codes of structures', missingTools('python3-pydicom'), () => {
  const dictionary = () =>
    JSON.parse(execFileSync(PYTHON, ['-c', SCRIPT], { encoding: 'utf8', maxBuffer: 1 << 26 })) as {
      meanings: Record<string, string[]>;
      sctOfSrt: Record<string, string>;
    };
  const codes = [
    ...Object.values(CATEGORY),
    ...Object.values(LATERALITY),
    ...Object.values(REGION),
    ...STRUCTURES.map((structure) => structure.type),
  ];

  it('mean in PS3.16 what they mean here', () => {
    const { meanings } = dictionary();
    const wrong = codes.filter(
      (code) => !NEWER.includes(code.value) && !meanings[`${code.scheme} ${code.value}`]?.includes(code.meaning.toLowerCase()),
    );
    expect(wrong).toEqual([]);
  });

  it('have the former SNOMED-RT values that PS3.16 maps to them', () => {
    const { sctOfSrt } = dictionary();
    const wrong = codes.filter(
      (code) => code.scheme === 'SCT' && !NEWER.includes(code.value) && sctOfSrt[code.formerSrtValue ?? ''] !== code.value,
    );
    expect(wrong).toEqual([]);
  });
});
