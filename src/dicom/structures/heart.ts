/** The heart, its parts and its arteries. Left and right are in the types themselves; the modifier says so once more, as for the middle lobe. */
import { REGION, sct } from './code.js';
import { organ } from './structure.js';
import type { Structure } from './structure.js';

const { chest } = REGION;

/** SegDB's: `Atrium` with a side. */
const ATRIUM = sct('59652004', 'Atrium', 'T-32100');
const DESCENDING = sct('59438005', 'Left Anterior Descending Coronary Artery', 'T-43110');

export const HEART: readonly Structure[] = [
  organ('HEART', 'Heart', chest, sct('80891009', 'Heart', 'T-32000'), [206, 84, 84], {
    synonyms: ['whole heart', 'cardiac'],
    chinese: ['心脏'],
  }),
  organ('LEFT_ATRIUM', 'Left atrium', chest, sct('82471001', 'Left atrium', 'T-32300'), [226, 130, 60], {
    side: 'left',
    parent: 'HEART',
    synonyms: ['heart atrium left', 'left atrium of heart'],
    chinese: ['左心房'],
    otherTypes: [ATRIUM],
  }),
  organ('RIGHT_ATRIUM', 'Right atrium', chest, sct('73829009', 'Right atrium', 'T-32200'), [96, 116, 206], {
    side: 'right',
    parent: 'HEART',
    synonyms: ['heart atrium right', 'right atrium of heart'],
    chinese: ['右心房'],
    otherTypes: [ATRIUM],
  }),
  organ('LEFT_VENTRICLE', 'Left ventricle', chest, sct('87878005', 'Left ventricle', 'T-32600'), [186, 62, 36], {
    side: 'left',
    parent: 'HEART',
    synonyms: ['heart ventricle left', 'left ventricle of heart'],
    chinese: ['左心室'],
  }),
  organ('RIGHT_VENTRICLE', 'Right ventricle', chest, sct('53085002', 'Right ventricle', 'T-32500'), [72, 82, 164], {
    side: 'right',
    parent: 'HEART',
    synonyms: ['heart ventricle right', 'right ventricle of heart'],
    chinese: ['右心室'],
  }),
  organ('MYOCARDIUM', 'Myocardium', chest, sct('74281007', 'Myocardium'), [192, 104, 88], {
    parent: 'HEART',
    synonyms: ['heart myocardium', 'heart muscle'],
    chinese: ['心肌'],
  }),
  organ('AORTIC_VALVE', 'Aortic valve', chest, sct('34202007', 'Aortic valve', 'T-35400'), [236, 150, 120], {
    parent: 'HEART',
    chinese: ['主动脉瓣'],
  }),
  organ('MITRAL_VALVE', 'Mitral valve', chest, sct('91134007', 'Mitral valve', 'T-35300'), [160, 70, 40], {
    parent: 'HEART',
    chinese: ['二尖瓣'],
  }),
  organ('PULMONARY_VALVE', 'Pulmonary valve', chest, sct('39057004', 'Pulmonary valve', 'T-35200'), [120, 150, 214], {
    parent: 'HEART',
    synonyms: ['pulmonic valve'],
    chinese: ['肺动脉瓣'],
  }),
  organ('TRICUSPID_VALVE', 'Tricuspid valve', chest, sct('46030003', 'Tricuspid valve', 'T-35100'), [104, 90, 150], {
    parent: 'HEART',
    chinese: ['三尖瓣'],
  }),
  // Spelt as in SegDB; "sinoatrial node" is among the names.
  organ('SINOTRIAL_NODE', 'Sinoatrial node', chest, sct('88210001', 'Sino-atrial node', 'T-32810'), [250, 240, 150], {
    parent: 'HEART',
    synonyms: ['sinoatrial conduction node', 'sinus node', 'sa node'],
    chinese: ['窦房结'],
  }),
  organ('ATRIOVENTRICULAR_NODE', 'Atrioventricular node', chest, sct('25943004', 'Atrioventricular node', 'T-32820'), [230, 226, 110], {
    parent: 'HEART',
    synonyms: ['atrioventricular conduction node', 'av node'],
    chinese: ['房室结'],
  }),
  organ('CORONARY_ARTERY', 'Coronary artery', chest, sct('41801008', 'Coronary artery', 'T-43000'), [198, 74, 74], {
    parent: 'HEART',
    synonyms: ['coronary arteries', 'coronaries'],
    chinese: ['冠状动脉', '冠脉'],
  }),
  organ('CORONARY_ARTERY_LEFT', 'Left coronary artery', chest, sct('3227004', 'Left Main Coronary Artery', 'T-43107'), [210, 92, 64], {
    side: 'left',
    parent: 'CORONARY_ARTERY',
    synonyms: ['left main coronary artery', 'lmca'],
    chinese: ['左冠状动脉', '左主干'],
  }),
  organ('CORONARY_ARTERY_RIGHT', 'Right coronary artery', chest, sct('13647002', 'Right Coronary Artery', 'T-43200'), [172, 60, 110], {
    side: 'right',
    parent: 'CORONARY_ARTERY',
    synonyms: ['rca'],
    chinese: ['右冠状动脉'],
  }),
  organ('CORONARY_ARTERY_LAD', 'Left anterior descending coronary artery', chest, DESCENDING, [180, 49, 49], {
    side: 'left',
    parent: 'CORONARY_ARTERY_LEFT',
    synonyms: ['left anterior descending artery', 'lad', 'coronary artery lad'],
    chinese: ['左前降支', '前降支'],
  }),
  // SegDB has written both branches with the code of the descending one.
  organ(
    'CORONARY_ARTERY_CFLX',
    'Circumflex coronary artery',
    chest,
    sct('57396003', 'Circumflex Coronary Artery', 'T-43120'),
    [233, 123, 123],
    {
      side: 'left',
      parent: 'CORONARY_ARTERY_LEFT',
      synonyms: ['circumflex branch of the coronary artery', 'left circumflex artery', 'circumflex', 'lcx', 'coronary artery cflx'],
      chinese: ['左回旋支', '回旋支'],
      otherTypes: [DESCENDING],
    },
  ),
];
