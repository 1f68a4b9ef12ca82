/**
 * Body parts by what is written: the defined terms of BodyPartExamined (PS3.16 annex L) with spellings that scanners use in their
 * place, and the words of descriptions in English, German, French, Spanish, Chinese and Japanese.
 */
import type { BodyPart } from './body-parts.js';
import { PhraseTable } from './phrases.js';

/** Values of BodyPartExamined without spaces and signs, so that `C-SPINE` and `HEAD_NECK` are found too. */
const TERMS: readonly (readonly [parts: readonly BodyPart[], terms: string])[] = [
  [['whole-body'], 'WHOLEBODY WHOLEBODYMIP FULLBODY TOTALBODY WB GANZKOERPER'],
  [
    ['head'],
    'HEAD SKULL SCALP FONTANEL EAR EAC IAC INNEREAR MASTOID SELLA OPTICCANAL TEMPORALBONE PETROUS CRANIUM KOPF SCHAEDEL TETE CABEZA HEADSPI HEADROUTINE ATLANTOOCCIPITAL',
  ],
  [
    ['brain'],
    'BRAIN CEREBELLUM CEREBHEMISPHERE INTRACRANIAL THALAMUS CHOROIDPLEXUS LATVENTRICLE 3RDVENTRICLE 4THVENTRICLE CIRCLEOFWILLIS ACA MCA PCA ANTCOMMA POSCOMMA BASILARA CEREBRALA PITUITARY',
  ],
  [
    ['face'],
    'FACE JAW MANDIBLE MAXILLA ZYGOMA NOSE FRONTALSINUS PARANASALSINUS SINUS SINUSES MOUTH TONGUE CHEEK TMJ EYE EYELID ORBIT ORBITS CORNEA SCLERA PAROTID SUBMANDIBULAR OPHTHALMICA LACRIMALA FACIALA LINGUALA DENTAL FACIALBONES NASALBONE',
  ],
  [
    ['neck'],
    'NECK LARYNX PHARYNX NASOPHARYNX HYPOPHARYNX PHARYNXLARYNX THYROID PARATHYROID CAROTID BULB CCA ECA ICA SUPRACLAVICULAR SUPTHYROIDA INTJUGULARV EXTJUGV SOFTTISSUENECK HALS',
  ],
  [['head', 'neck'], 'HEADNECK HEADANDNECK NECKHEAD'],
  [['neck', 'chest'], 'NECKCHEST'],
  [['neck', 'chest', 'abdomen'], 'NECKCHESTABDOMEN'],
  [['neck', 'chest', 'abdomen', 'pelvis'], 'NECKCHESTABDPELV'],
  [
    ['chest'],
    'CHEST THORAX LUNG LUNGS BRONCHUS TRACHEA TRACHEABRONCHUS MEDIASTINUM THYMUS RIB RIBS STERNUM PARASTERNAL AORTICARCH THORACICAORTA ASCAORTA DESCAORTA PULMONARYA PULMONARYV LPULMONARYA RPULMONARYA LSUPPULMONARYV RSUPPULMONARYV SVC UPPERTRUNK TORAX CHESTPA CHESTLAT',
  ],
  [['chest', 'abdomen'], 'CHESTABDOMEN THORAXABDOMEN CHESTABD'],
  [['chest', 'abdomen', 'pelvis'], 'CHESTABDPELVIS CHESTABDOMENPELVIS CHESTABDPEL TRUNK CAP TAP TORSO'],
  [['heart'], 'HEART CARDIAC CORONARYARTERY CORONARY CORONARYSINUS ANTCARDIACV LATRIUM RATRIUM LVENTRICLE RVENTRICLE ENDOCARDIAC HERZ'],
  [['breast'], 'BREAST MAMMA MAMMO'],
  [
    ['abdomen'],
    'ABDOMEN ABD SPLEEN PANCREAS PANCREATICDUCT PANCBILEDUCT ADRENAL STOMACH DUODENUM JEJUNUM ILEUM SMALLINTESTINE GALLBLADDER BILEDUCT COMMONBILEDUCT BILIARYTRACT ABDOMINALAORTA RETROPERITONEUM EPIGASTRIC UMBILICAL FLANK LUQ RUQ LLQ RLQ LHYPOCHONDRIAC RHYPOCHONDRIAC UGITRACT CELIACA SMA INFMESA MESENTRICA MESENTRICV SPLENICA SPLENICV GASTRICV APPENDIX MORISONSPOUCH UPPERABDOMEN ABDOMENUPPER TRANSVERSECOLON ASCENDINGCOLON DESCENDINGCOLON',
  ],
  [['abdomen', 'pelvis'], 'ABDOMENPELVIS ABDPELVIS ABDPEL ABDPELV COLON LARGEINTESTINE LOWERTRUNK INFVENACAVA KUB'],
  [['liver'], 'LIVER HEPATICA HEPATICV LHEPATICV RHEPATICV MIDHEPATICV PORTALV LPORTALV RPORTALV'],
  [['kidney'], 'KIDNEY KIDNEYS RENALA RENALV UPRURINARYTRACT'],
  [
    ['pelvis'],
    'PELVIS BLADDER BLADDERURETHRA URETHRA RECTUM ANUSRECTUMSIGMD ANUS SIGMOID UTERUS OVARY TESTIS SCROTUM CERVIX ENDOMETRIUM VAGINA VULVA PENIS PERINEUM INGUINAL LINGUINAL RINGUINAL ILIUM SIJOINT ILIACA ILIACV COMILIACA COMILIACV EXTILIACA EXTILIACV INTILIACA HYPOGASTRIC SUPRAPUBIC SEMVESICLE CULDESAC BUTTOCK GLUTEAL BECKEN',
  ],
  [['pelvis', 'lower-limb'], 'PELVISLOWEXTREMT'],
  [['prostate'], 'PROSTATE PROSTATA'],
  [['spine'], 'SPINE SPINALCORD WHOLESPINE TOTALSPINE VERTEBRA WIRBELSAEULE'],
  [['spine', 'pelvis'], 'SSPINE SACRUM COCCYX'],
  [['cervical-spine'], 'CSPINE CERVICALSPINE ATLANTOAXIAL HWS'],
  [['thoracic-spine'], 'TSPINE THORACICSPINE DSPINE DORSALSPINE BWS'],
  [['lumbar-spine'], 'LSPINE LUMBARSPINE LSSPINE LUMBOSACRALSPINE LUMBAR LUMBARSACRAL LWS'],
  [['cervical-spine', 'thoracic-spine'], 'CTSPINE'],
  [['thoracic-spine', 'lumbar-spine'], 'TLSPINE'],
  [['limb'], 'EXTREMITY EXTREMITIES DIGIT'],
  [['upper-limb'], 'UPPERLIMB UPPEREXTREMITY UPEXTREMITY UPRLIMB AXILLA BRACHIALA RADIALA ULNARA'],
  [['shoulder'], 'SHOULDER ACJOINT SCJOINT CLAVICLE SCAPULA'],
  [['arm'], 'ARM UPPERARM HUMERUS FOREARM RADIUS ULNA RADIUSULNA'],
  [['elbow'], 'ELBOW'],
  [['wrist'], 'WRIST CARPUS'],
  [['hand'], 'HAND FINGER FINGERS THUMB METACARPUS'],
  [
    ['lower-limb'],
    'LOWERLIMB LOWEREXTREMITY LOWEXTREMITY LEGS FEMORALA FEMORALV CFA CFV SFA SFV SFJ GSV POPLITEALA POPLITEALV ANTTIBIALA POSTIBIALA PERONEALA SAPHENOUSV LOWLIMB',
  ],
  [['hip'], 'HIP HIPS'],
  [['leg'], 'LEG THIGH FEMUR LOWERLEG CALF TIBIA FIBULA TIBIAFIBULA'],
  [['knee'], 'KNEE PATELLA POPLITEALFOSSA KNIE'],
  [['ankle'], 'ANKLE'],
  [['foot'], 'FOOT FOREFOOT HINDFOOT TOE TOES CALCANEUS TARSUS METATARSUS SESAMOID'],
];

const terms = new Map<string, readonly BodyPart[]>(
  TERMS.flatMap(([parts, written]) => written.split(' ').map((term) => [term, parts] as const)),
);

/** Values of BodyPartExamined that name no part of the body. */
export const SAYS_NOTHING: ReadonlySet<string> = new Set(
  'PARTIALBODY UNKNOWN UNDEFINED UNSPECIFIED OTHER NONE NA NOTSPECIFIED BODY PHANTOM JOINT ARTERY VEIN AORTA DEFAULT STANDARD MISC TEST QA'.split(
    ' ',
  ),
);

/** The parts of a term of BodyPartExamined, given in capitals without spaces and signs. */
export function partsOfTerm(term: string): readonly BodyPart[] | undefined {
  return terms.get(term);
}

/** Phrases in the form of `PhraseTable`. */
export const BODY_PART_WORDS = new PhraseTable<BodyPart>([
  // How the patient lies, what the scanner is made of, and what else only sounds like a body part
  [
    [],
    'head first, , feet first, foot first, head in, feet in, knee chest position, knee chest, head holder, head coil, body coil, neck coil, spine coil, head filter, c arm, hand injection, hand injector, arms up, arms down, arm up, arm down, arms raised, heart heart beat, head to foot, foot to head, head foot, head feet, feet head, left arm injection, right arm injection, coronary sinus, renal sinus, pilonidal sinus, sinus rhythm, chest pain, chest tube, 手術, 手术, 頭足方向, 头足方向, 中心',
  ],
  // What is said not to be shown
  [
    [],
    'no head, no neck, no chest, no thorax, no abdomen, no pelvis, no brain, no spine, without head, without neck, without chest, without thorax, without abdomen, without pelvis, without brain, without liver, excluding head, excluding neck, excluding chest, excluding abdomen, excluding pelvis, excl head, excl neck, excl chest, excl abdomen, excl pelvis, except head, except chest, ohne kopf, ohne schadel, ohne hals, ohne thorax, ohne abdomen, ohne becken, sans tete, sans thorax, sans abdomen, sans pelvis, sin cabeza, sin torax, sin abdomen, sin pelvis, not chest, not head, not abdomen',
  ],
  [
    ['whole-body'],
    'whole body, wholebody, wb, total body, full body, entire body, skull to thigh, skull base to thigh, skull base to mid thigh, skull base to midthigh, base of skull to thigh, skull base thigh, skull thigh, eyes to thighs, eye to thigh, vertex to thigh, vertex to thighs, vertex to toe, vertex to toes, head to toe, ganzkorper, corps entier, cuerpo entero, 全身',
  ],
  [
    ['head'],
    'head, skull, hoofd, schedel, cranio, testa, skalle, huvud, cabeca, cranium, cranial, cranio, ear, ears, mastoid, mastoids, temporal bone, temporal bones, petrous, iac, iacs, iam, inner ear, internal auditory canal, sella, kopf, schadel, felsenbein, ccct, cct, tete, crane, rocher, rochers, cabeza, craneo, oido, oidos, 頭, 頭部, 头, 头部, 头颅, 頭蓋, 颅, 颅脑, 内耳, 側頭骨, 颞骨',
  ],
  [
    ['brain'],
    'brain, cerebral, encefalo, cervello, hersenen, hersens, hjarna, hjerne, cerebrum, cerebellum, intracranial, pituitary, hypophysis, stroke, hirn, gehirn, encephale, cerveau, cerebrale, cerebro, cerebral, hypophyse, hipofisis, 脑, 脳, 腦, 垂体, 下垂体',
  ],
  [
    ['face'],
    'face, facial, maxillofacial, sinus, sinuses, paranasal, orbit, orbits, orbita, orbital, eye, eyes, mandible, maxilla, jaw, tmj, dental, nose, nasal bone, nasal bones, parotid, nnh, nasennebenhohlen, gesicht, gesichtsschadel, mittelgesicht, kiefer, unterkiefer, oberkiefer, visage, massif facial, orbites, mandibule, cara, orbitas, senos paranasales, 面部, 眼眶, 眼窩, 副鼻腔, 鼻窦, 上顎, 下顎, 顎, 颌, 颌面',
  ],
  [
    ['neck'],
    'neck, larynx, collo, pescoco, laryngeal, pharynx, thyroid, carotid, carotids, hals, kehlkopf, schilddruse, karotis, carotis, cou, cervical soft tissue, soft tissue neck, carotide, carotides, thyroide, cuello, tiroides, carotida, carotidas, 颈, 颈部, 頸, 頸部, 頚部, 咽, 喉, 喉頭, 咽頭, 甲状腺, 頸動脈, 颈动脉',
  ],
  [
    ['chest'],
    'chest, thorax, torace, toracico, polmone, polmoni, polmonare, longen, borstkas, lungor, lungene, pulmao, pulmoes, pulmoner, thoracic, lung, lungs, pulmonary, pulm, mediastinum, mediastinal, bronchus, trachea, rib, ribs, sternum, ctpa, pulmo, lunge, lungen, rippen, thorakal, thx, poumon, poumons, poitrine, pulmonaire, thoracique, cotes, torax, pulmon, pulmones, pulmonar, costillas, toracica, 胸, 胸部, 肺, 肺部, 肺動脈, 肺动脉, 縦隔, 纵隔, 肋骨, 胸腔',
  ],
  [
    ['heart'],
    'heart, cardiac, cuore, cardio ct, hart, hjarta, hjerte, coracao, coronarica, coronariche, cardio, coronary, coronaries, coronary arteries, calcium score, calcium scoring, ca score, cascore, herz, koronar, koronarien, koronarangiographie, coeur, cardiaque, coronaire, coronaires, coronarien, corazon, cardiaca, cardiaco, coronarias, 心脏, 心臓, 心臟, 冠动脉, 冠動脈, 冠状动脉, 冠脉',
  ],
  [
    ['breast'],
    'breast, breasts, mammella, mammelle, mammo, mammography, mammogram, mamma, mammographie, seins, mama, mamas, mamografia, 乳腺, 乳房',
  ],
  [
    ['abdomen'],
    'abdomen, abdominal, addome, addominale, abdome, buik, bovenbuik, buk, milza, stomaco, alvleesklier, milt, maag, abd, abdo, belly, spleen, splenic, pancreas, pancreatic, adrenal, adrenals, stomach, gastric, duodenum, bowel, small bowel, enterography, gallbladder, biliary, mrcp, retroperitoneum, appendix, epigastric, oberbauch, bauch, milz, bauchspeicheldruse, pankreas, nebenniere, nebennieren, magen, darm, dunndarm, galle, gallenblase, ventre, rate, vesicule, estomac, surrenale, surrenales, vientre, bazo, vesicula, estomago, suprarrenal, abdominale, abdominopelvien, 腹, 腹部, 上腹, 上腹部, 脾, 胰, 膵, 膵臓, 胃, 胆, 胆嚢, 胆囊, 副腎, 肾上腺',
  ],
  [
    ['abdomen', 'pelvis'],
    'colon, colonography, colonoscopy, ct colonography, kub, urogram, urography, ureter, ureters, abdomino pelvic, abdominopelvic, abdominopelvis, abdpel, abdpelvis, uroscanner, kolon, kolonographie, uroct, uro ct, abdominopelvienne, abdomino pelvienne, abdomino pelvien, abdominopelvico, 腹盆, 全腹',
  ],
  [['chest', 'abdomen'], 'thoraxabdomen, chestabdomen, thorakoabdominal, thoraco abdominal, thoracoabdominal, 胸腹部'],
  [
    ['chest', 'abdomen', 'pelvis'],
    'cap, tap, c a p, t a p, trunk, torso, stamm, korperstamm, chestabdpelvis, chestabdomenpelvis, thorax abdomen becken, thorakoabdominopelvin, thoracoabdominopelvic, thoraco abdomino pelvien, tronc, tronco',
  ],
  [['neck', 'chest', 'abdomen', 'pelvis'], 'ncap, n c a p'],
  [
    ['liver'],
    'liver, hepatic, fegato, epatico, lever, figado, hepatobiliary, leber, lebermetastasen, foie, hepatique, higado, hepatico, hepatica, 肝, 肝臓, 肝脏',
  ],
  [
    ['kidney'],
    'kidney, kidneys, reni, nier, nieren, njurar, rins, renal, niere, nieren, reins, renale, rinon, rinones, 肾, 肾脏, 腎, 腎臓',
  ],
  [
    ['pelvis'],
    'pelvis, pelvic, bacino, pelvi, bekken, pelve, vescica, blaas, bladder, rectum, rectal, uterus, cervix, ovary, ovaries, sacroiliac, si joint, si joints, scrotum, becken, unterbauch, blase, harnblase, rektum, isg, bassin, pelvien, pelvienne, vessie, utero, vejiga, recto, pelvico, pelvica, 骨盆, 骨盤, 骨盤腔, 盆腔, 膀胱, 直肠, 直腸, 子宫, 子宮, 卵巣, 卵巢',
  ],
  [['prostate'], 'prostate, prostatic, mpmri prostate, prostata, 前列腺, 前立腺'],
  [
    ['spine'],
    'spine, spinal, rachide, colonna, wervelkolom, rygg, coluna, vertebra, vertebrae, vertebral column, myelography, wirbelsaule, rachis, colonne, colonne vertebrale, columna, columna vertebral, 脊椎, 脊柱, 脊髓, 脊髄',
  ],
  [['spine', 'pelvis'], 'sacrum, sacral, coccyx, kreuzbein, steissbein, sacro, 骶骨, 仙骨, 尾骨'],
  [
    ['cervical-spine'],
    'c spine, cspine, rachide cervicale, cervicale, halsrygg, coluna cervical, cervical spine, spine cervical, cervical, c sp, hws, halswirbelsaule, rachis cervical, columna cervical, spinecervical, 颈椎, 頸椎, 頚椎',
  ],
  [
    ['thoracic-spine'],
    't spine, tspine, d spine, thoracic spine, dorsal spine, spine thoracic, bws, brustwirbelsaule, rachis dorsal, rachis thoracique, columna dorsal, columna toracica, thoracic vertebra, thoracic vertebrae, 胸椎',
  ],
  [
    ['lumbar-spine'],
    'l spine, lspine, rachide lombare, lombare, lumbale, landrygg, coluna lombar, ls spine, l s spine, lumbar spine, spine lumbar, lumbar, lumbosacral, lumbo sacral, lws, lendenwirbelsaule, rachis lombaire, lombaire, columna lumbar, lumbosacra, 腰椎',
  ],
  [['limb'], 'extremity, extremities, limb, limbs, extremitat, extremitaten, membre, extremidad, 四肢'],
  [['upper-limb'], 'upper extremity, upper limb, upper extremities, obere extremitat, membre superieur, miembro superior, 上肢'],
  [
    ['shoulder'],
    'shoulder, shoulders, humeral head, spalla, schouder, skulder, ombro, clavicle, scapula, ac joint, schulter, schluesselbein, schlusselbein, schulterblatt, epaule, clavicule, hombro, clavicula, 肩, 肩部, 肩関節, 肩关节, 鎖骨, 锁骨, 肩胛',
  ],
  [
    ['arm'],
    'arm, upper arm, humerus, forearm, radius, ulna, oberarm, unterarm, bras, avant bras, brazo, antebrazo, humero, 上腕, 前腕, 上臂, 前臂',
  ],
  [['elbow'], 'elbow, elbows, radial head, gomito, elleboog, cotovelo, ellenbogen, ellbogen, coude, codo, 肘, 肘部, 肘関節, 肘关节'],
  [['wrist'], 'wrist, wrists, polso, pols, punho, carpal, scaphoid, handgelenk, poignet, muneca, 手関節, 手首, 腕关节'],
  [
    ['hand'],
    'hand, hands, mani, handen, finger, fingers, thumb, daumen, hande, mains, doigt, doigts, pouce, mano, manos, dedo, 手部, 手指, 指',
  ],
  [
    ['lower-limb'],
    'lower extremity, lower limb, lower extremities, legs, runoff, run off, beine, untere extremitat, membre inferieur, membres inferieurs, miembro inferior, 下肢',
  ],
  [['hip'], 'hip, hips, femoral head, anca, heup, hofte, quadril, hufte, huftgelenk, hanche, hanches, cadera, caderas, 股関節, 髋, 髋关节'],
  [
    ['leg'],
    'leg, thigh, thighs, femur, tibia, fibula, lower leg, calf, bein, oberschenkel, unterschenkel, jambe, cuisse, pierna, muslo, femoral shaft, 大腿, 小腿, 下腿, 股骨, 胫骨',
  ],
  [
    ['knee'],
    'knee, knees, ginocchio, ginocchia, kna, kne, joelho, patella, meniscus, knie, kniegelenk, genou, genoux, rodilla, rodillas, 膝, 膝部, 膝関節, 膝关节',
  ],
  [
    ['ankle'],
    'ankle, ankles, caviglia, enkel, fotled, tornozelo, sprunggelenk, osg, cheville, chevilles, tobillo, tobillos, 足関節, 踝, 踝关节',
  ],
  [
    ['foot'],
    'foot, feet, piede, piedi, voet, toe, toes, calcaneus, heel, forefoot, fuss, ferse, zehen, pied, pieds, orteil, orteils, talon, 足, 足部, 足趾, 跟骨',
  ],
]);
