/** Whether a contrast agent was given: from the agent's own elements, else from descriptions. Pure. */
import { TAG } from '../../dicom/element/tags.js';
import type { Header } from '../../dicom/header.js';
import { headersIn, textsIn } from '../header-values.js';
import { quoted, type Description } from './descriptions.js';
import { distinctBy } from './distinct.js';
import { groupsOf } from './groups.js';
import { known, missing, type Fact } from './fact.js';
import { END, PhraseTable } from './phrases.js';

const CONTRAST_BOLUS_AGENT_SEQUENCE = 0x00180012;
const CONTRAST_BOLUS_ROUTE = 0x00181040;
const CONTRAST_BOLUS_USAGE_SEQUENCE = 0x00189341;
const CONTRAST_BOLUS_AGENT_ADMINISTERED = 0x00189342;

/** Values of ContrastBolusAgent that say that there was none. */
const NO_AGENT = /^(no|none|n|nein|non|nil|without|wo|w\/o|off|n\/?a|not applied|not given|native?|plain|0|-+)$/i;
/** Drunk or instilled agent fills the gut; a model that asks for contrast asks for it in the vessels. */
const IN_THE_GUT = /\b(oral|orally|rectal|rectally|po|p\.o|per os|enema)\b/i;
const IN_THE_VESSELS = /\b(iv|i\.v|intravenous|venous)\b/i;

/** Modalities whose descriptions tell of contrast agents; elsewhere `plain` and `KM` mean other things. */
const DESCRIBED: readonly string[] = ['CT', 'MR'];

type Answer = 'yes' | 'no';

/** `yes` or `no` by the first source that tells; missing where none does, or where one description says both. */
export function contrastFact(headers: readonly Header[], descriptions: readonly Description[], modality: string | undefined): Fact {
  const notes: string[] = [];
  const said = byUsage(headers) ?? byAgent(headers, notes);
  if (said !== undefined) return said;
  if (modality === undefined || !DESCRIBED.includes(modality.toUpperCase())) return missing(notes.join('; '));
  return byDescriptions(descriptions, notes);
}

/** Enhanced objects say whether the agent was administered (PS3.3 C.7.6.16.2.12), shared or for each frame. */
function byUsage(headers: readonly Header[]): Fact | undefined {
  const usages = headers.flatMap((header) =>
    groupsOf(header).flatMap((group) =>
      headersIn(group, CONTRAST_BOLUS_USAGE_SEQUENCE).flatMap((usage) => textsIn(usage, CONTRAST_BOLUS_AGENT_ADMINISTERED)),
    ),
  );
  if (usages.length === 0) return undefined;
  return known(usages.includes('YES') ? 'yes' : 'no', 'ContrastBolusAgentAdministered');
}

/** PS3.3 C.7.6.4. One instance with an agent is enough: scanners leave it out of localizers and the like. */
function byAgent(headers: readonly Header[], notes: string[]): Fact | undefined {
  const agents = distinctBy(headers, TAG.ContrastBolusAgent).flatMap(({ header }) => {
    const [text] = textsIn(header, TAG.ContrastBolusAgent);
    return text === undefined ? [] : [{ text, route: textsIn(header, CONTRAST_BOLUS_ROUTE).join(' ') }];
  });
  const given = agents.filter(({ text }) => !NO_AGENT.test(text));
  const inVessels = given.find(({ text, route }) => !isOnlyInTheGut(`${text} ${route}`));
  if (inVessels !== undefined) return known('yes', `ContrastBolusAgent "${inVessels.text}"`);
  if (headers.some((header) => headersIn(header, CONTRAST_BOLUS_AGENT_SEQUENCE).length > 0))
    return known('yes', 'ContrastBolusAgentSequence');
  const [gut] = given;
  if (gut !== undefined) notes.push(`ContrastBolusAgent "${gut.text}" was given into the gut`);
  else if (agents[0] !== undefined) return known('no', `ContrastBolusAgent "${agents[0].text}"`);
  else notes.push('ContrastBolusAgent is absent or empty');
  return undefined;
}

function isOnlyInTheGut(text: string): boolean {
  return IN_THE_GUT.test(text) && !IN_THE_VESSELS.test(text);
}

function byDescriptions(descriptions: readonly Description[], notes: string[]): Fact {
  for (const description of descriptions) {
    const answers = WORDS.find(description.text);
    const [answer] = answers;
    if (answers.length > 1) return missing([...notes, `${quoted(description)} says both with and without contrast`].join('; '));
    if (answer !== undefined) return known(answer, quoted(description));
  }
  return missing([...notes, 'no description tells'].join('; '));
}

const AGENTS =
  'gadovist, dotarem, magnevist, multihance, prohance, omniscan, primovist, eovist, gadavist, clariscan, elucirem, vueway, iomeron, imeron, ultravist, visipaque, omnipaque, isovue, optiray, xenetix, accupaque, solutrast, iopamiro';

/** English, German, French, Spanish, Chinese and Japanese; `c+`, `w/o` and the end of a text are words of `wordsOf`. */
const WORDS = new PhraseTable<Answer>([
  [
    ['yes', 'no'],
    'with and without, without and with, with without, without with, without w, w without, w and wo, wo and w, w wo, wo w, wwo, pre and post, pre post, senza e con, con e senza, sem e com, met en zonder, zonder en met, utan och med, mit und ohne, ohne und mit, nativ und km, avec et sans, sans et avec, con y sin, sin y con, 平扫增强, 平扫及增强',
  ],
  [
    ['yes'],
    `c+, + c, mdc, con mdc, met contrast, med kontrast, com contraste, post mdc, dopo mdc, with contrast, w contrast, iv contrast, with iv contrast, with iv, post contrast, postcontrast, post con, post gad, post gado, post gd, post km, post injection, after contrast, contrast enhanced, contrastenhanced, contrast, enhanced, ce mra, cemra, ce mr, ce ct, cect, ce t1, t1 ce, t1ce, dce, gd, gad, gado, gadolinium, ${AGENTS}, cta, ctpa, arterial, arterial phase, portal venous, portalvenous, portovenous, venous phase, portal phase, delayed phase, nephrographic, pv phase, km, mit km, nach km, kontrastmittel, mit kontrast, kontrastverstarkt, arteriell, portalvenos, venos, spatphase, iv+, avec injection, avec contraste, avec iv, injecte, injectee, apres injection, temps portal, temps arteriel, con contraste, con civ, contrastado, contrastada, fase arterial, fase portal, 增强, 增強, 造影, 造影後, 強化, 强化`,
  ],
  [
    ['no'],
    `c-, without ${END}, senza mdc, senza contrasto, zonder contrast, blanco, utan kontrast, uten kontrast, uden kontrast, sem contraste, without contrast, without iv contrast, without iv, without gad, without gd, without gadolinium, without km, wo, wo contrast, wo iv contrast, non contrast, noncontrast, non con, noncon, no contrast, no iv contrast, contrast no, contrast none, non enhanced, nonenhanced, unenhanced, un enhanced, pre contrast, precontrast, pre gad, pre gado, pre gd, pre km, pre injection, before contrast, ncct, nect, plain, native, nativ, ohne km, ohne kontrast, ohne kontrastmittel, o km, vor km, kein km, nicht kontrastverstarkt, sans injection, sans contraste, sans iv, non injecte, non injectee, sin contraste, sin civ, no contrastado, 平扫, 平掃, 非造影, 非増強, 未增强, 単純, 造影なし, 造影前`,
  ],
  // What holds a word of the others and says nothing
  [
    [],
    'arterial spin, phase contrast, contrast study, contrast resolution, high contrast, low contrast, soft contrast, tissue contrast, enhanced dicom, t1 contrast, t2 contrast, contrast agent allergy, 血管造影, plain film, gad bolus track, edge enhanced',
  ],
]);
