/** The head and the brain (CID 7153 and CID 7140). */
import { REGION, dcm, sct } from './code.js';
import { organ } from './structure.js';
import type { Structure } from './structure.js';

const { head, brain } = REGION;

export const HEAD: readonly Structure[] = [
  organ('FACE', 'Face', head, sct('89545001', 'Face', 'T-D1200'), [140, 139, 139], { chinese: ['面部', '脸'] }),
  organ('BRAIN', 'Brain', head, sct('12738006', 'Brain', 'T-A0100'), [240, 220, 200], { chinese: ['脑', '大脑', '脑部'] }),
  organ('WHITE_MATTER', 'White matter', brain, sct('389080008', 'White matter', 'T-A0095'), [245, 245, 230], {
    parent: 'BRAIN',
    chinese: ['白质', '脑白质'],
  }),
  organ('GREY_MATTER', 'Grey matter', brain, sct('389081007', 'Gray matter', 'T-A0096'), [150, 140, 150], {
    parent: 'BRAIN',
    synonyms: ['gray matter'],
    chinese: ['灰质', '脑灰质'],
  }),
  organ('CEREBROSPINAL_FLUID', 'Cerebrospinal fluid', brain, sct('65216001', 'Cerebrospinal fluid', 'T-A1000'), [100, 180, 240], {
    synonyms: ['csf'],
    chinese: ['脑脊液'],
  }),
  organ('CEREBRAL_WHITE_MATTER', 'Cerebral white matter', brain, sct('68523003', 'Cerebral white matter', 'T-A2030'), [235, 235, 225], {
    parent: 'WHITE_MATTER',
    chinese: ['大脑白质'],
  }),
  organ('CEREBRAL_CORTEX', 'Cerebral cortex', brain, sct('40146001', 'Cerebral cortex', 'T-A2020'), [205, 110, 120], {
    parent: 'GREY_MATTER',
    chinese: ['大脑皮层', '大脑皮质'],
  }),
  organ('LATERAL_VENTRICLE', 'Lateral ventricle', brain, sct('66720007', 'Lateral ventricle', 'T-A1650'), [120, 80, 200], {
    parent: 'BRAIN',
    chinese: ['侧脑室'],
  }),
  organ(
    'INFERIOR_LATERAL_VENTRICLE',
    'Inferior lateral ventricle',
    brain,
    sct('53118009', 'Inferior horn of lateral ventricle', 'T-A1720'),
    [170, 60, 190],
    { parent: 'LATERAL_VENTRICLE', chinese: ['侧脑室下角', '侧脑室颞角'] },
  ),
  organ('THIRD_VENTRICLE', 'Third ventricle', brain, sct('49841001', 'Third ventricle', 'T-A1740'), [200, 180, 80], {
    parent: 'BRAIN',
    synonyms: ['3rd ventricle'],
    chinese: ['第三脑室'],
  }),
  organ('FOURTH_VENTRICLE', 'Fourth ventricle', brain, sct('35918002', 'Fourth ventricle', 'T-A1820'), [60, 160, 180], {
    parent: 'BRAIN',
    synonyms: ['4th ventricle'],
    chinese: ['第四脑室'],
  }),
  organ(
    'CEREBELLAR_WHITE_MATTER',
    'Cerebellar white matter',
    brain,
    sct('33060004', 'Cerebellar white matter', 'T-A6080'),
    [220, 235, 170],
    { parent: 'WHITE_MATTER', synonyms: ['cerebellum white matter'], chinese: ['小脑白质'] },
  ),
  organ('CEREBELLAR_CORTEX', 'Cerebellar cortex', brain, sct('25991003', 'Cerebellar cortex', 'T-A6040'), [230, 150, 60], {
    parent: 'GREY_MATTER',
    synonyms: ['cerebellum cortex'],
    chinese: ['小脑皮层', '小脑皮质'],
  }),
  organ('THALAMUS', 'Thalamus', brain, sct('42695009', 'Thalamus', 'T-A4000'), [40, 140, 60], { parent: 'BRAIN', chinese: ['丘脑'] }),
  organ('CAUDATE_NUCLEUS', 'Caudate nucleus', brain, sct('11000004', 'Caudate nucleus', 'T-A3200'), [120, 190, 230], {
    parent: 'BRAIN',
    synonyms: ['caudate'],
    chinese: ['尾状核'],
  }),
  organ('PUTAMEN', 'Putamen', brain, sct('89278009', 'Putamen', 'T-A3400'), [236, 80, 176], { parent: 'BRAIN', chinese: ['壳核'] }),
  organ('PALLIDUM', 'Pallidum', brain, sct('14738005', 'Globus pallidus', 'T-A3500'), [30, 60, 220], {
    parent: 'BRAIN',
    synonyms: ['globus pallidus'],
    chinese: ['苍白球'],
  }),
  organ('BRAIN_STEM', 'Brain stem', brain, sct('119238007', 'Brain stem', 'T-D0558'), [120, 150, 120], {
    parent: 'BRAIN',
    synonyms: ['brainstem'],
    chinese: ['脑干'],
  }),
  organ('HIPPOCAMPUS', 'Hippocampus', brain, sct('5366008', 'Hippocampus', 'T-A2570'), [220, 200, 40], {
    parent: 'BRAIN',
    chinese: ['海马'],
  }),
  organ('AMYGDALA', 'Amygdala', brain, sct('4958002', 'Amygdala', 'T-A3230'), [90, 230, 220], {
    parent: 'BRAIN',
    chinese: ['杏仁核', '杏仁体'],
  }),
  organ('NUCLEUS_ACCUMBENS', 'Nucleus accumbens', brain, sct('427667007', 'Nucleus accumbens', 'T-A0149'), [255, 165, 40], {
    parent: 'BRAIN',
    synonyms: ['accumbens area'],
    chinese: ['伏隔核'],
  }),
  // SNOMED CT has no concept for this group of structures; DICOM has (CID 7140).
  organ('VENTRAL_DIENCEPHALON', 'Ventral diencephalon', brain, dcm('110700', 'Ventral Diencephalon'), [165, 130, 60], {
    parent: 'BRAIN',
    synonyms: ['ventraldc', 'ventral dc'],
    chinese: ['腹侧间脑'],
  }),
];
