/** The spine: vertebrae (CID 7603), discs (CID 7604), canal and sacrum. */
import type { Rgb } from './cielab.js';
import { REGION, sct } from './code.js';
import type { KnownCode } from './code.js';
import { between, organ } from './structure.js';
import type { Structure } from './structure.js';

const { spine } = REGION;

/** SNOMED CT and the former SNOMED-RT value, from the top. */
const VERTEBRAE: readonly (readonly [level: string, value: string, formerSrtValue: string])[] = [
  ['C1', '14806007', 'T-11610'],
  ['C2', '39976000', 'T-11620'],
  ['C3', '113205007', 'T-11630'],
  ['C4', '5329002', 'T-11640'],
  ['C5', '36978003', 'T-11650'],
  ['C6', '36054005', 'T-11660'],
  ['C7', '87391001', 'T-11670'],
  ['T1', '64864005', 'T-11710'],
  ['T2', '53733008', 'T-11720'],
  ['T3', '1626008', 'T-11730'],
  ['T4', '73071006', 'T-11740'],
  ['T5', '56401006', 'T-11750'],
  ['T6', '45296009', 'T-11760'],
  ['T7', '62487009', 'T-11770'],
  ['T8', '11068009', 'T-11780'],
  ['T9', '82687006', 'T-11790'],
  ['T10', '7610001', 'T-117A0'],
  ['T11', '12989004', 'T-117B0'],
  ['T12', '23215003', 'T-117C0'],
  ['L1', '66794005', 'T-11910'],
  ['L2', '14293000', 'T-11920'],
  ['L3', '36470004', 'T-11930'],
  ['L4', '11994002', 'T-11940'],
  ['L5', '49668003', 'T-11950'],
];

const DISCS: readonly (readonly [upper: string, lower: string, value: string, formerSrtValue?: string])[] = [
  ['C2', 'C3', '1078209008'],
  ['C3', 'C4', '58820006', 'T-1163B'],
  ['C4', 'C5', '49400002', 'T-1164B'],
  ['C5', 'C6', '73959003', 'T-1165B'],
  ['C6', 'C7', '75095006', 'T-1166B'],
  ['C7', 'T1', '37414007', 'T-1167B'],
  ['T1', 'T2', '40908007', 'T-1171B'],
  ['T2', 'T3', '6004007', 'T-1172B'],
  ['T3', 'T4', '2620004', 'T-1173B'],
  ['T4', 'T5', '82965004', 'T-1174B'],
  ['T5', 'T6', '72692000', 'T-1175B'],
  ['T6', 'T7', '74401007', 'T-1176B'],
  ['T7', 'T8', '28693002', 'T-1177B'],
  ['T8', 'T9', '9188009', 'T-1178B'],
  ['T9', 'T10', '113209001', 'T-1179B'],
  ['T10', 'T11', '34959001', 'T-117AB'],
  ['T11', 'T12', '1537001', 'T-117BB'],
  ['T12', 'L1', '76206002', 'T-117CB'],
  ['L1', 'L2', '80064006', 'T-1191B'],
  ['L2', 'L3', '67459009', 'T-1192B'],
  ['L3', 'L4', '62551000', 'T-1193B'],
  ['L4', 'L5', '84020006', 'T-1194B'],
  ['L5', 'S1', '715056000', 'T-D08DC'],
];

const CHINESE_LEVELS: Readonly<Record<string, string>> = { C: '颈', T: '胸', L: '腰', S: '骶' };
const CHINESE_NUMBERS = ['一', '二', '三', '四', '五', '六', '七', '八', '九', '十', '十一', '十二'];

/** What belongs to a level, such as `C3`: neighbours take turns between two rows of colours. */
function coloured(n: number, count: number, even: readonly [Rgb, Rgb], odd: readonly [Rgb, Rgb]): Rgb {
  return n % 2 === 0 ? between(...even, n, count) : between(...odd, n, count);
}

function chineseLevel(level: string): string {
  return `${CHINESE_LEVELS[level[0]]}${level.slice(1)}`;
}

function vertebra([level, value, srt]: (typeof VERTEBRAE)[number], n: number): Structure {
  const part = CHINESE_LEVELS[level[0]];
  const colour = coloured(
    n,
    VERTEBRAE.length,
    [
      [246, 222, 150],
      [214, 150, 90],
    ],
    [
      [220, 196, 190],
      [150, 130, 170],
    ],
  );
  return organ(`VERTEBRAE_${level}`, `Vertebra ${level}`, spine, sct(value, `${level} vertebra`, srt), colour, {
    parent: 'SPINE',
    synonyms: [`vertebrae ${level.toLowerCase()}`, `${level.toLowerCase()} vertebra`],
    chinese: [`${chineseLevel(level)}椎体`, `第${CHINESE_NUMBERS[Number(level.slice(1)) - 1]}${part}椎`, `${chineseLevel(level)}椎`],
  });
}

function disc([upper, lower, value, srt]: (typeof DISCS)[number], n: number): Structure {
  const type: KnownCode = sct(value, `${upper}/${lower} disc`, srt);
  const colour = coloured(
    n,
    DISCS.length,
    [
      [120, 190, 200],
      [60, 120, 150],
    ],
    [
      [160, 210, 170],
      [90, 150, 110],
    ],
  );
  const levels = `${upper}${lower}`.toLowerCase();
  return organ(`VERTEBRAE_DISK_${upper}${lower}`, `Intervertebral disc ${upper}/${lower}`, spine, type, colour, {
    parent: 'SPINE',
    synonyms: [`vertebrae disk ${levels}`, `vertebrae disk ${upper.toLowerCase()}/${lower.toLowerCase()}`, `disc ${levels}`],
    chinese: [`${chineseLevel(upper)}/${chineseLevel(lower)}椎间盘`, `${upper}/${lower}椎间盘`],
  });
}

export const SPINE: readonly Structure[] = [
  organ('SPINE', 'Spine', spine, sct('421060004', 'Spine', 'T-D04FF'), [226, 202, 134], {
    synonyms: ['vertebral column', 'spinal column', 'spinal'],
    chinese: ['脊柱', '脊椎'],
  }),
  organ('SPINAL_CANAL', 'Spinal canal', spine, sct('61853006', 'Vertebral canal', 'T-1151F'), [204, 99, 61], {
    parent: 'SPINE',
    synonyms: ['vertebral canal'],
    chinese: ['椎管'],
  }),
  organ('SACRUM', 'Sacrum', spine, sct('54735007', 'Sacrum', 'T-11AD0'), [163, 140, 120], { parent: 'SPINE', chinese: ['骶骨'] }),
  ...VERTEBRAE.map(vertebra),
  ...DISCS.map(disc),
];
