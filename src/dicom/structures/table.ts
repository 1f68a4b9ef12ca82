/**
 * The structures that segments can show, as data: id, codes, colour, parent.
 *
 * Ids are those of MHub's SegDB where it has the structure. Codes are SNOMED CT (one is DICOM's own) as PS3.16 lists them: types from CID 7151
 * (7153 and 7140 for the brain, 7159 for abnormalities), categories from CID 7150, regions from CID 4031, laterality from
 * CID 244. A test holds them against the code dictionary of pydicom. Colours are our own.
 */
import { CATEGORY, LATERALITY, REGION, dcm, isConcept, sct } from './code.js';
import type { Code, KnownCode } from './code.js';
import type { Rgb } from './cielab.js';

export interface Structure {
  /** `LEFT_LUNG`; an abnormality in a place is `LEFT_LUNG+NODULE`, place before the plus. */
  readonly id: string;
  readonly name: string;
  /** Other names in use, lower case: labels of other tools, British spelling. */
  readonly synonyms: readonly string[];
  readonly category: KnownCode;
  readonly type: KnownCode;
  readonly laterality?: KnownCode;
  /** Where in the body it is: for anatomy the part of the body, for an abnormality the organ. */
  readonly region?: KnownCode;
  readonly regionLaterality?: KnownCode;
  readonly colour: Rgb;
  /** The id of the structure that this one is a part of; of an abnormality in a place, the same in the greater place or in none. */
  readonly parent?: string;
}

/** The codes of one segment, as an object carries them; lists are empty where the object has none. */
export interface SegmentCodes {
  readonly category?: Code;
  readonly type?: Code;
  readonly typeModifiers: readonly Code[];
  readonly regions: readonly Code[];
  readonly regionModifiers: readonly Code[];
}

/** The codes with which a segment that shows this structure is written (PS3.3 C.8.20.4.1). */
export function meaningOf(structure: Structure): SegmentCodes & { readonly category: Code; readonly type: Code } {
  const listed = (code: KnownCode | undefined) => (code === undefined ? [] : [code]);
  return {
    category: structure.category,
    type: structure.type,
    typeModifiers: listed(structure.laterality),
    regions: listed(structure.region),
    regionModifiers: listed(structure.regionLaterality),
  };
}

type Side = keyof typeof LATERALITY;

interface Extra {
  readonly side?: Side;
  readonly parent?: string;
  readonly synonyms?: readonly string[];
}

function organ(id: string, name: string, region: KnownCode, type: KnownCode, colour: Rgb, extra: Extra = {}): Structure {
  return {
    id,
    name,
    synonyms: extra.synonyms ?? [],
    category: CATEGORY.anatomy,
    type,
    region,
    colour,
    ...(extra.side === undefined ? {} : { laterality: LATERALITY[extra.side] }),
    ...(extra.parent === undefined ? {} : { parent: extra.parent }),
  };
}

function abnormality(id: string, name: string, type: KnownCode, colour: Rgb, synonyms: readonly string[] = []): Structure {
  return { id, name, synonyms, category: CATEGORY.abnormality, type, colour };
}

const { head, brain, chest, abdomen, pelvis } = REGION;

const LUNG = sct('39607008', 'Lung', 'T-28000');
const UPPER_LOBE = sct('45653009', 'Upper lobe of lung', 'T-28820');
const LOWER_LOBE = sct('90572001', 'Lower lobe of lung', 'T-28830');
const KIDNEY = sct('64033007', 'Kidney', 'T-71000');
const ADRENAL_GLAND = sct('23451007', 'Adrenal gland', 'T-B3000');

const ANATOMY: readonly Structure[] = [
  organ('LUNG', 'Lung', chest, LUNG, [92, 156, 214], { side: 'both', synonyms: ['lungs', 'both lungs'] }),
  organ('LEFT_LUNG', 'Left lung', chest, LUNG, [230, 159, 70], { side: 'left', parent: 'LUNG', synonyms: ['lung left'] }),
  organ('RIGHT_LUNG', 'Right lung', chest, LUNG, [74, 160, 200], { side: 'right', parent: 'LUNG', synonyms: ['lung right'] }),
  organ('LEFT_UPPER_LUNG_LOBE', 'Left upper lung lobe', chest, UPPER_LOBE, [243, 186, 90], {
    side: 'left',
    parent: 'LEFT_LUNG',
    synonyms: ['lung upper lobe left'],
  }),
  organ('LEFT_LOWER_LUNG_LOBE', 'Left lower lung lobe', chest, LOWER_LOBE, [205, 121, 60], {
    side: 'left',
    parent: 'LEFT_LUNG',
    synonyms: ['lung lower lobe left'],
  }),
  organ('RIGHT_UPPER_LUNG_LOBE', 'Right upper lung lobe', chest, UPPER_LOBE, [104, 190, 222], {
    side: 'right',
    parent: 'RIGHT_LUNG',
    synonyms: ['lung upper lobe right'],
  }),
  organ(
    'RIGHT_MIDDLE_LUNG_LOBE',
    'Right middle lung lobe',
    chest,
    sct('72481006', 'Middle lobe of right lung', 'T-28300'),
    [120, 200, 160],
    { side: 'right', parent: 'RIGHT_LUNG', synonyms: ['lung middle lobe right'] },
  ),
  organ('RIGHT_LOWER_LUNG_LOBE', 'Right lower lung lobe', chest, LOWER_LOBE, [60, 122, 180], {
    side: 'right',
    parent: 'RIGHT_LUNG',
    synonyms: ['lung lower lobe right'],
  }),
  organ('TRACHEA', 'Trachea', chest, sct('44567001', 'Trachea', 'T-25000'), [170, 220, 250], { synonyms: ['windpipe'] }),
  organ('HEART', 'Heart', chest, sct('80891009', 'Heart', 'T-32000'), [206, 84, 84]),
  organ('AORTA', 'Aorta', chest, sct('15825003', 'Aorta', 'T-42000'), [224, 60, 50]),
  organ('PULMONARY_ARTERY', 'Pulmonary artery', chest, sct('81040000', 'Pulmonary artery', 'T-44000'), [70, 104, 190]),
  organ('ESOPHAGUS', 'Esophagus', chest, sct('32849002', 'Esophagus', 'T-56000'), [200, 150, 120], { synonyms: ['oesophagus'] }),

  organ('LIVER', 'Liver', abdomen, sct('10200004', 'Liver', 'T-62000'), [186, 92, 62]),
  organ('SPLEEN', 'Spleen', abdomen, sct('78961009', 'Spleen', 'T-C3000'), [150, 90, 170]),
  organ('PANCREAS', 'Pancreas', abdomen, sct('15776009', 'Pancreas', 'T-65000'), [240, 190, 110]),
  organ('GALLBLADDER', 'Gallbladder', abdomen, sct('28231008', 'Gallbladder', 'T-63000'), [120, 160, 80], { synonyms: ['gall bladder'] }),
  organ('STOMACH', 'Stomach', abdomen, sct('69695003', 'Stomach', 'T-57000'), [222, 136, 110]),
  organ('DUODENUM', 'Duodenum', abdomen, sct('38848004', 'Duodenum', 'T-58200'), [236, 214, 160]),
  organ('SMALL_INTESTINE', 'Small intestine', abdomen, sct('30315005', 'Small intestine', 'T-58000'), [214, 176, 150], {
    synonyms: ['small bowel'],
  }),
  organ('COLON', 'Colon', abdomen, sct('71854001', 'Colon', 'T-59300'), [176, 140, 112]),
  organ('KIDNEY', 'Kidney', abdomen, KIDNEY, [200, 110, 140], { side: 'both', synonyms: ['kidneys'] }),
  organ('LEFT_KIDNEY', 'Left kidney', abdomen, KIDNEY, [214, 126, 150], { side: 'left', parent: 'KIDNEY', synonyms: ['kidney left'] }),
  organ('RIGHT_KIDNEY', 'Right kidney', abdomen, KIDNEY, [176, 84, 116], { side: 'right', parent: 'KIDNEY', synonyms: ['kidney right'] }),
  organ('LEFT_ADRENAL_GLAND', 'Left adrenal gland', abdomen, ADRENAL_GLAND, [244, 214, 80], {
    side: 'left',
    synonyms: ['adrenal gland left'],
  }),
  organ('RIGHT_ADRENAL_GLAND', 'Right adrenal gland', abdomen, ADRENAL_GLAND, [214, 182, 48], {
    side: 'right',
    synonyms: ['adrenal gland right'],
  }),
  organ('INFERIOR_VENA_CAVA', 'Inferior vena cava', abdomen, sct('64131007', 'Inferior vena cava', 'T-48710'), [60, 110, 200]),
  organ('URINARY_BLADDER', 'Urinary bladder', pelvis, sct('89837001', 'Bladder', 'T-74000'), [236, 206, 92], { synonyms: ['bladder'] }),
  organ('PROSTATE', 'Prostate', pelvis, sct('41216001', 'Prostate', 'T-92000'), [230, 150, 170]),

  organ('BRAIN', 'Brain', head, sct('12738006', 'Brain', 'T-A0100'), [240, 220, 200]),
  organ('WHITE_MATTER', 'White matter', brain, sct('389080008', 'White matter', 'T-A0095'), [245, 245, 230], { parent: 'BRAIN' }),
  organ('GREY_MATTER', 'Grey matter', brain, sct('389081007', 'Gray matter', 'T-A0096'), [150, 140, 150], {
    parent: 'BRAIN',
    synonyms: ['gray matter'],
  }),
  organ('CEREBROSPINAL_FLUID', 'Cerebrospinal fluid', brain, sct('65216001', 'Cerebrospinal fluid', 'T-A1000'), [100, 180, 240], {
    synonyms: ['csf'],
  }),
  organ('CEREBRAL_WHITE_MATTER', 'Cerebral white matter', brain, sct('68523003', 'Cerebral white matter', 'T-A2030'), [235, 235, 225], {
    parent: 'WHITE_MATTER',
  }),
  organ('CEREBRAL_CORTEX', 'Cerebral cortex', brain, sct('40146001', 'Cerebral cortex', 'T-A2020'), [205, 110, 120], {
    parent: 'GREY_MATTER',
  }),
  organ('LATERAL_VENTRICLE', 'Lateral ventricle', brain, sct('66720007', 'Lateral ventricle', 'T-A1650'), [120, 80, 200], {
    parent: 'BRAIN',
  }),
  organ(
    'INFERIOR_LATERAL_VENTRICLE',
    'Inferior lateral ventricle',
    brain,
    sct('53118009', 'Inferior horn of lateral ventricle', 'T-A1720'),
    [170, 60, 190],
    { parent: 'LATERAL_VENTRICLE' },
  ),
  organ('THIRD_VENTRICLE', 'Third ventricle', brain, sct('49841001', 'Third ventricle', 'T-A1740'), [200, 180, 80], {
    parent: 'BRAIN',
    synonyms: ['3rd ventricle'],
  }),
  organ('FOURTH_VENTRICLE', 'Fourth ventricle', brain, sct('35918002', 'Fourth ventricle', 'T-A1820'), [60, 160, 180], {
    parent: 'BRAIN',
    synonyms: ['4th ventricle'],
  }),
  organ(
    'CEREBELLAR_WHITE_MATTER',
    'Cerebellar white matter',
    brain,
    sct('33060004', 'Cerebellar white matter', 'T-A6080'),
    [220, 235, 170],
    { parent: 'WHITE_MATTER', synonyms: ['cerebellum white matter'] },
  ),
  organ('CEREBELLAR_CORTEX', 'Cerebellar cortex', brain, sct('25991003', 'Cerebellar cortex', 'T-A6040'), [230, 150, 60], {
    parent: 'GREY_MATTER',
    synonyms: ['cerebellum cortex'],
  }),
  organ('THALAMUS', 'Thalamus', brain, sct('42695009', 'Thalamus', 'T-A4000'), [40, 140, 60], { parent: 'BRAIN' }),
  organ('CAUDATE_NUCLEUS', 'Caudate nucleus', brain, sct('11000004', 'Caudate nucleus', 'T-A3200'), [120, 190, 230], {
    parent: 'BRAIN',
    synonyms: ['caudate'],
  }),
  organ('PUTAMEN', 'Putamen', brain, sct('89278009', 'Putamen', 'T-A3400'), [236, 80, 176], { parent: 'BRAIN' }),
  organ('PALLIDUM', 'Pallidum', brain, sct('14738005', 'Globus pallidus', 'T-A3500'), [30, 60, 220], {
    parent: 'BRAIN',
    synonyms: ['globus pallidus'],
  }),
  organ('BRAIN_STEM', 'Brain stem', brain, sct('119238007', 'Brain stem', 'T-D0558'), [120, 150, 120], {
    parent: 'BRAIN',
    synonyms: ['brainstem'],
  }),
  organ('HIPPOCAMPUS', 'Hippocampus', brain, sct('5366008', 'Hippocampus', 'T-A2570'), [220, 200, 40], { parent: 'BRAIN' }),
  organ('AMYGDALA', 'Amygdala', brain, sct('4958002', 'Amygdala', 'T-A3230'), [90, 230, 220], { parent: 'BRAIN' }),
  organ('NUCLEUS_ACCUMBENS', 'Nucleus accumbens', brain, sct('427667007', 'Nucleus accumbens', 'T-A0149'), [255, 165, 40], {
    parent: 'BRAIN',
    synonyms: ['accumbens area'],
  }),
  // SNOMED CT has no concept for this group of structures; DICOM has (CID 7140).
  organ('VENTRAL_DIENCEPHALON', 'Ventral diencephalon', brain, dcm('110700', 'Ventral Diencephalon'), [165, 130, 60], {
    parent: 'BRAIN',
    synonyms: ['ventraldc', 'ventral dc'],
  }),
];

const ABNORMALITIES: readonly Structure[] = [
  abnormality('NODULE', 'Nodule', sct('27925004', 'Nodule', 'M-03010'), [255, 225, 25]),
  abnormality('MASS', 'Mass', sct('4147007', 'Mass', 'M-03000'), [255, 120, 30]),
  abnormality('NEOPLASM', 'Neoplasm', sct('108369006', 'Neoplasm', 'M-8FFFF'), [235, 40, 40], ['tumor', 'tumour']),
  abnormality('NEOPLASM_MALIGNANT_PRIMARY', 'Primary malignant neoplasm', sct('86049000', 'Neoplasm, Primary', 'M-80003'), [220, 0, 60]),
  abnormality(
    'NEOPLASM_MALIGNANT_SECONDARY',
    'Secondary malignant neoplasm',
    sct('14799000', 'Neoplasm, Secondary', 'M-80006'),
    [190, 0, 120],
    ['metastasis'],
  ),
];

/** All structures that stand alone; abnormalities can also be put in a place (`structureById('LIVER+NEOPLASM')`). */
export const STRUCTURES: readonly Structure[] = [...ANATOMY, ...ABNORMALITIES];

const BY_ID: ReadonlyMap<string, Structure> = new Map(STRUCTURES.map((structure) => [structure.id, structure]));
const BY_NAME: ReadonlyMap<string, Structure> = new Map(
  STRUCTURES.flatMap((structure) => [structure.id, structure.name, ...structure.synonyms].map((name) => [normalised(name), structure])),
);

/** The structure of an id such as `LEFT_LUNG` or `LIVER+NEOPLASM`; undefined where the table has none. */
export function structureById(id: string): Structure | undefined {
  const [placeId, abnormalityId, ...rest] = id.split('+');
  if (abnormalityId === undefined) return BY_ID.get(id);
  const place = BY_ID.get(placeId ?? '');
  const finding = BY_ID.get(abnormalityId);
  const fits = place?.category === CATEGORY.anatomy && finding !== undefined && isAbnormality(finding) && rest.length === 0;
  return fits ? inPlace(place, finding) : undefined;
}

/** The structure that an id, a name or a synonym means, without regard to case, underscores and hyphens. */
export function structureByName(name: string): Structure | undefined {
  return BY_NAME.get(normalised(name));
}

/** True for findings such as nodules, of which there may be several, each in some place; false for anatomy. */
export function isAbnormality(structure: Structure): boolean {
  return structure.category === CATEGORY.abnormality;
}

/** True where `id` is `ancestorId` or a part of it: `LEFT_UPPER_LUNG_LOBE` of `LUNG`, `LEFT_LUNG+NODULE` of `LUNG+NODULE` and of `NODULE`, not of `LUNG`. */
export function isPartOf(id: string, ancestorId: string): boolean {
  for (let at: string | undefined = id; at !== undefined; at = structureById(at)?.parent) if (at === ancestorId) return true;
  return false;
}

/**
 * The structure that a segment's codes mean; undefined where they say none of the table. The side counts: `Lung` with the
 * modifier `Left` is the left lung. A structure of the table without a side is also found with one.
 */
export function structureByCodes(codes: SegmentCodes): Structure | undefined {
  const { type } = codes;
  if (type === undefined) return undefined;
  const ofType = STRUCTURES.filter((structure) => isConcept(type, structure.type));
  const [first] = ofType;
  if (first !== undefined && isAbnormality(first)) {
    const place = codes.regions.map((region) => sided(organsOfType(region), codes.regionModifiers)).find((found) => found !== undefined);
    return place === undefined ? first : inPlace(place, first);
  }
  return sided(ofType, [...codes.typeModifiers, ...codes.regionModifiers]);
}

function organsOfType(type: Code): Structure[] {
  return ANATOMY.filter((structure) => isConcept(type, structure.type));
}

/** Of structures that share a type, the one with the side that the modifiers name. No side named means both. */
function sided(candidates: readonly Structure[], modifiers: readonly Code[]): Structure | undefined {
  const side = Object.values(LATERALITY).find((known) => modifiers.some((modifier) => isConcept(modifier, known))) ?? LATERALITY.both;
  const unsided = candidates.find((structure) => structure.laterality === undefined);
  const only = candidates.length === 1 && side === LATERALITY.both ? candidates[0] : undefined;
  return candidates.find((structure) => structure.laterality === side) ?? unsided ?? only;
}

function inPlace(place: Structure, finding: Structure): Structure {
  return {
    ...finding,
    id: `${place.id}+${finding.id}`,
    name: `${finding.name} in ${place.name.toLowerCase()}`,
    synonyms: [],
    region: place.type,
    ...(place.laterality === undefined ? {} : { regionLaterality: place.laterality }),
    parent: place.parent === undefined ? finding.id : `${place.parent}+${finding.id}`,
  };
}

/** A name of a structure for comparing: without regard to case, underscores and hyphens. */
export function normalised(name: string): string {
  return name
    .toLowerCase()
    .replaceAll(/[\s_-]+/g, ' ')
    .trim();
}
