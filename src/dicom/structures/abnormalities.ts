/** Findings (CID 7159), which may be in any place: `LIVER+NEOPLASM`. */
import { ncit, sct } from './code.js';
import { abnormality } from './structure.js';
import type { Structure } from './structure.js';

export const ABNORMALITIES: readonly Structure[] = [
  abnormality('NODULE', 'Nodule', sct('27925004', 'Nodule', 'M-03010'), [255, 225, 25], { synonyms: ['nodules'], chinese: ['结节'] }),
  abnormality('MASS', 'Mass', sct('4147007', 'Mass', 'M-03000'), [255, 120, 30], { chinese: ['肿块'] }),
  abnormality('CYST', 'Cyst', sct('367643001', 'Cyst', 'M-3340A'), [150, 87, 42], { synonyms: ['cysts'], chinese: ['囊肿'] }),
  abnormality(
    'PATHOLOGIC_CALCIFICATION',
    'Pathologic calcification',
    sct('18115005', 'Pathologic calcification', 'M-55420'),
    [250, 250, 250],
    {
      synonyms: ['calcification', 'calcifications'],
      chinese: ['钙化'],
    },
  ),
  abnormality('NEOPLASM', 'Neoplasm', sct('108369006', 'Neoplasm', 'M-8FFFF'), [235, 40, 40], {
    synonyms: ['tumor', 'tumour'],
    chinese: ['肿瘤'],
  }),
  abnormality('NEOPLASM_MALIGNANT_PRIMARY', 'Primary malignant neoplasm', sct('86049000', 'Neoplasm, Primary', 'M-80003'), [220, 0, 60], {
    parent: 'NEOPLASM',
    synonyms: ['cancer', 'carcinoma', 'gtv', 'gross tumor volume'],
    chinese: ['癌', '癌症', '恶性肿瘤', '原发肿瘤'],
  }),
  abnormality(
    'NEOPLASM_MALIGNANT_SECONDARY',
    'Secondary malignant neoplasm',
    sct('14799000', 'Neoplasm, Secondary', 'M-80006'),
    [190, 0, 120],
    {
      parent: 'NEOPLASM',
      synonyms: ['metastasis', 'metastases'],
      chinese: ['转移瘤', '转移灶'],
    },
  ),
  // Not among DICOM's codes: the NCI Thesaurus, as the segmentations of the Imaging Data Commons have it.
  abnormality('FDG_AVID_TUMOR', 'FDG-avid tumor', ncit('C168968', 'FDG-Avid Tumor'), [255, 60, 160], {
    parent: 'NEOPLASM',
    synonyms: ['fdg avid tumour', 'fdg avid lesion'],
    chinese: ['高代谢肿瘤', '高代谢病灶'],
  }),
];
