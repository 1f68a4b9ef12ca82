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

/** Newer than pydicom 2.3's edition of the standard: the trunk's regions and the hip (CID 4031), vertebrae (CID 7603), discs (CID 7604), zones of the prostate (CID 8134). */
const NEWER = [
  ...[REGION.chest, REGION.abdomen, REGION.pelvis, REGION.hip].map((code) => code.value),
  ...STRUCTURES.filter(({ id }) => /^(VERTEBRAE_|PROSTATE_)/.test(id) && id !== 'VERTEBRAE_C1').map(({ type }) => type.value),
];

/** What PS3.16 does not list; the table says beside each who writes it. */
const OUTSIDE = new Set(
  STRUCTURES.filter(({ id }) =>
    /^(LEFT|RIGHT)_(RIB_\d+|.*MUSCLE|ILIOPSOAS|GLUTEUS_.*)$|^(MYOCARDIUM|PORTAL_AND_SPLENIC_VEIN|FDG_AVID_TUMOR)$/.test(id),
  ).map(({ type }) => type.value),
);

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
    ...STRUCTURES.flatMap((structure) => structure.otherTypes),
  ].filter(({ value }) => !NEWER.includes(value) && !OUTSIDE.has(value));

  it('mean in PS3.16 what they mean here', () => {
    const { meanings } = dictionary();
    const wrong = codes.filter((code) => !meanings[`${code.scheme} ${code.value}`]?.includes(code.meaning.toLowerCase()));
    expect(wrong).toEqual([]);
  });

  it('have the former SNOMED-RT values that PS3.16 maps to them', () => {
    const { sctOfSrt } = dictionary();
    const wrong = codes.filter((code) => code.scheme === 'SCT' && sctOfSrt[code.formerSrtValue ?? ''] !== code.value);
    expect(wrong).toEqual([]);
  });
});
