/**
 * Anatomic regions by code, as AnatomicRegionSequence holds them: PS3.16 CID 4031 (common anatomic regions), 4030 (CT, MR and PET
 * anatomy imaged), 4 (anatomic region) and 4028 (craniofacial regions), with the SNOMED CT codes that later editions put in
 * place of some. Vessels and regions that lie in several parts are left out: their code alone does not say what is shown.
 */
import type { BodyPart } from './body-parts.js';

/** `SNOMED CT value/former SNOMED-RT value` of the regions of each part; the second may be missing. */
const REGIONS: readonly (readonly [parts: readonly BodyPart[], codes: string])[] = [
  [['whole-body'], '38266002/T-D0010'],
  [['head', 'neck'], '774007/T-D1000 312779009/T-D006D'],
  // Head, skull, scalp, muscle of head, fontanel, temporal, occipital, frontal, parietal, sphenoid and ethmoid bone, mastoid,
  // ear with its parts, internal and external auditory canal, sella, optic canal
  [
    ['head'],
    '69536005/T-D1100 89546000/T-11100 41695006/T-D1160 22688005/T-13100 79361005/T-15200 60911003/T-11130 31640002/T-11140 74872008/T-11110 24924006/T-11120 73117003/T-11150 52374004/T-11156 59066005/T-11133 117590005/T-AB001 28347008/T-AB100 25342003/T-AB300 22945000/T-AB700 361078006/T-AB959 84301002/T-AB200 42575006/T-D1460 55024004/T-11102',
  ],
  // Brain, cerebellum, intracranial, circle of Willis, cranial venous system, cerebral artery
  [['brain'], '12738006/T-A0100 113305005/T-A6000 1101003/T-D1400 11279006/T-45520 128320002/T-A0191 88556005/T-45510'],
  // Face, facial bones, jaw region, mandible, maxilla, zygoma, nasal bone, nose, paranasal sinus, mouth, tongue, cheek, lip, tooth,
  // temporomandibular joint, eye, eye region, orbit, eyeball, eyelid, parotid and submandibular gland
  [
    ['face'],
    '89545001/T-D1200 91397008/T-11196 661005/T-D1213 91609006/T-11180 70925003/T-11170 13881006/T-11166 74386004/T-11149 45206002/T-21000 2095001/T-22000 123851003/T-D0662 21974007/T-53000 60819002/T-D1206 48477009/T-52000 38199008/T-54010 53620006/T-15290 81745001/T-AA000 371398005/T-D0801 363654007/T-D14AE 79652003/T-AA770 80243003/T-AA810 45289007/T-61100 54019009/T-61300',
  ],
  // Neck, muscle of neck, larynx, pharynx, nasopharynx, hypopharynx, pharynx and larynx, thyroid, parathyroid, hyoid bone, carotid
  // arteries, supraclavicular region
  [
    ['neck'],
    '45048000/T-D1600 81727001/T-13300 4596009/T-24100 54066008/T-55000 71836000/T-23000 81502006/T-55300 312535008/T-20101 69748006/T-B6000 111002/T-B7000 21387005/T-11190 69105007/T-45010 32062004/T-45100 77621008/T-D1620',
  ],
  [['neck', 'chest'], '417437006/R-FAB52'],
  [['neck', 'chest', 'abdomen'], '416152001/R-FAB53'],
  [['neck', 'chest', 'abdomen', 'pelvis'], '416319003/R-FAB54'],
  // Chest (two codings), upper trunk, lung, apex of lung, bronchus, trachea, trachea and bronchus, mediastinum, thymus, rib,
  // sternum, aortic arch, thoracic, ascending and descending aorta, pulmonary artery and vein, parasternal
  [
    ['chest'],
    '51185008/T-D3000 816094009 67734004 39607008/T-28000 86598002/T-280A0 955009/T-26000 44567001/T-25000 110726009/T-DD006 72410000/T-D3300 9875009/T-C8000 113197003/T-11300 56873002/T-11210 57034009/T-42300 113262008/T-42070 54247002/T-42100 32672002/T-42400 81040000/T-44000 430757002/T-4858F 91691001/T-D3136',
  ],
  [['chest', 'abdomen'], '416550000/R-FAB55'],
  [['chest', 'abdomen', 'pelvis'], '416775004/R-FAB56 22943007/T-D2000'],
  // Heart, coronary artery, atria, ventricles
  [
    ['heart'],
    '80891009/T-32000 41801008/T-43000 59652004/T-32100 73829009/T-32200 82471001/T-32300 21814001/T-32400 53085002/T-32500 87878005/T-32600',
  ],
  [['breast'], '76752008/T-04000 76365002/T-04004 33564002/T-04005 19100000/T-04003 77831004/T-04002'],
  // Abdomen (two codings), spleen, pancreas, adrenal gland, stomach, duodenum, jejunum, ileum, small intestine, gallbladder, bile duct,
  // abdominal aorta, retroperitoneum, omentum, epigastric and umbilical region, flank, the quadrants, hypochondriac regions,
  // intra-abdominal, pancreatic duct
  [
    ['abdomen'],
    '113345001/T-D4000 818981001 78961009/T-C3000 15776009/T-65000 23451007/T-B3000 69695003/T-57000 38848004/T-58200 21306003/T-58400 34516001/T-58600 30315005/T-58000 28231008/T-63000 28273000/T-60610 7832008/T-42500 82849001/T-D4900 27398004/T-D4600 27947004/T-D4200 90290004/T-D4230 58602004/T-D2310 50519007/T-D4110 86367003/T-D4130 48544008/T-D4120 68505006/T-D4140 133945003/T-D4211 133946002/T-D4212 52731004/T-D4010 69930009/T-65010 110621006/T-65600',
  ],
  // Colon, large intestine, ureter, lower trunk
  [['abdomen', 'pelvis'], '416949008/R-FAB57 818982008 71854001/T-59300 14742008/T-59000 87953007/T-73000 63337009'],
  // Liver, hepatic artery and vein, portal vein
  [['liver'], '10200004/T-62000 76015000/T-46420 8993003/T-48720 32764006/T-48810'],
  // Kidney, renal pelvis, calyx, renal artery and vein, upper urinary tract
  [['kidney'], '64033007/T-71000 25990002/T-72000 2334006/T-72100 2841007/T-46600 56400007/T-48740 431491007/T-7000B'],
  // Pelvis (two codings), bladder, rectum, anus, uterus, ovary, testis, scrotum, urethra, cervix, perineum, inguinal region, ilium,
  // sacroiliac joint, iliac artery, sigmoid colon, hypogastric region, uterus and tubes, penis, vulva, vagina
  [
    ['pelvis'],
    '12921003/T-D6000 816092008 89837001/T-74000 34402009/T-59600 53505006/T-59900 35039007/T-83000 15497006/T-87000 40689003/T-94000 20233005/T-98000 13648007/T-75000 71252005/T-83200 38864007/T-D2700 26893007/T-D7000 22356005/T-12340 39723000/T-15680 10293006/T-46700 60184004/T-59470 11708003/T-D4240 110639002/T-88920 18911002/T-91000 45292006/T-81000 76784001/T-82000 21844003/T-D6221',
  ],
  [['pelvis', 'lower-limb'], '416631005/R-FAB58'],
  [['prostate'], '41216001/T-92000'],
  // Spine (two codings), spinal cord; and 297174005, thoraco-lumbar in CID 4031 but sacrococcygeal in SNOMED CT itself
  [['spine'], '421060004/T-D04FF 737561001 2748008/T-A7010 297174005/T-D00FA'],
  [['head', 'spine'], '110517009/T-11011'],
  [['cervical-spine'], '122494005/T-11501'],
  [['cervical-spine', 'thoracic-spine'], '297171002/T-D00F7'],
  [['thoracic-spine'], '122495006/T-11502'],
  // Lumbar spine, lumbo-sacral spine
  [['lumbar-spine'], '122496007/T-11503 297173004/T-D00F9'],
  // Sacrum, coccyx
  [['spine', 'pelvis'], '54735007/T-11AD0 64688005/T-11BF0'],
  [['limb'], '66019005/T-D0300'],
  // Upper limb, its bones and muscles, axilla
  [['upper-limb'], '53120007/T-D8000 371195002/T-D0821 30608006/T-13600 91470000/T-D8104'],
  // Shoulder, acromioclavicular and sternoclavicular joint, clavicle, scapula
  [['shoulder'], '16982005/T-D2220 85856004/T-15420 7844006/T-15610 51299004/T-12310 79601000/T-12280'],
  // Upper arm, humerus, forearm
  [['arm'], '40983000/T-D8200 85050009/T-12410 14975008/T-D8500'],
  [['elbow'], '16953009/T-15430'],
  [['wrist'], '74670003/T-15460'],
  // Hand, finger, thumb
  [['hand'], '85562004/T-D8700 7569003/T-D8800 76505004/T-D8810'],
  // Lower limb, its bones and muscles
  [['lower-limb'], '61685007/T-D9000 72001000/T-12700 102292000/T-14668'],
  [['hip'], '29836001/T-D2500 24136001'],
  // Thigh, femur, lower leg, fibula, tibia
  [['leg'], '68367000/T-D9100 71341001/T-12710 30021000/T-D9400 87342007/T-12750 12611008/T-12740'],
  // Knee, patella, popliteal fossa
  [['knee'], '72696002/T-D9200 64234005/T-12730 32361000/T-D9310'],
  [['ankle'], '70258002/T-15750'],
  // Foot, toe, calcaneus, tarsal joint, sesamoid bones
  [['foot'], '56459004/T-D9700 29707007/T-D9800 80144004/T-12770 27949001/T-15770 58742003/T-12980'],
];

const byCode = new Map<string, readonly BodyPart[]>(
  REGIONS.flatMap(([parts, codes]) => codes.split(/[ /]/).map((code) => [code, parts] as const)),
);

/** Every code of the table as `[SNOMED CT, SNOMED-RT or undefined]`, for the test that asks somebody else's mapping. */
export const REGION_CODES: readonly (readonly [sct: string, srt: string | undefined])[] = REGIONS.flatMap(([, codes]) =>
  codes.split(' ').map((pair) => [pair.split('/')[0] ?? '', pair.split('/')[1]] as const),
);

/** The parts of a region's code, in SNOMED CT or SNOMED-RT: no value of one coding is a value of the other. */
export function partsOfCode(value: string): readonly BodyPart[] | undefined {
  return byCode.get(value);
}
