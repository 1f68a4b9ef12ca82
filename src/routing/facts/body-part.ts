/** Which parts of the body a series shows: from codes, from BodyPartExamined, else from descriptions. Pure. */
import { TAG } from '../../dicom/element/tags.js';
import type { Header } from '../../dicom/header.js';
import { missing, several, type Fact } from './fact.js';
import { groupsOf } from './groups.js';
import { headersIn, textsIn } from '../header-values.js';
import { partsOfCode } from './body-part-codes.js';
import { BODY_PART_WORDS, partsOfTerm, SAYS_NOTHING } from './body-part-words.js';
import { withWider, type BodyPart } from './body-parts.js';
import { quoted, type Description } from './descriptions.js';

interface Finding {
  readonly parts: readonly BodyPart[];
  readonly source: string;
}

/**
 * The parts by the best source that names one. Where a source of lower rank names another part, the text of the source says so:
 * scanners often carry the body part of the protocol's first region.
 */
export function bodyPartFact(first: Header, descriptions: readonly Description[]): Fact {
  const notes: string[] = [];
  const findings = [...byCode(first, notes), ...byTerm(first, notes), ...descriptions.flatMap(byWords)];
  const [best, ...lower] = findings;
  if (best === undefined) return missing([...notes, 'no description names a part of the body'].join('; '));
  const shown = withWider(best.parts);
  const against = lower.flatMap(({ parts, source }) => {
    const others = parts.filter((part) => !isAmong(part, shown));
    return others.length === 0 ? [] : [`${source} says ${others.join(' and ')} too, but ranks lower`];
  });
  return several(shown, [best.source, ...against].join('; '));
}

/** Whether a part, or one that it lies in, is among those shown: a finer word for the same is no other opinion. */
function isAmong(part: BodyPart, shown: readonly BodyPart[]): boolean {
  return withWider([part]).some((one) => shown.includes(one));
}

/** PS3.3 10.5; of enhanced objects the frame anatomy (PS3.3 C.7.6.16.2.8), shared or of each frame. */
function byCode(first: Header, notes: string[]): Finding[] {
  const groups = groupsOf(first).flatMap((group) => headersIn(group, TAG.FrameAnatomySequence));
  const regions = [first, ...groups].flatMap((holder) => headersIn(holder, TAG.AnatomicRegionSequence));
  const parts = new Set<BodyPart>();
  const names = new Set<string>();
  for (const region of regions) {
    const [value] = textsIn(region, TAG.CodeValue);
    if (value === undefined) continue;
    const [meaning = value] = textsIn(region, TAG.CodeMeaning);
    const meant = partsOfCode(value) ?? someOf(BODY_PART_WORDS.find(meaning));
    if (meant === undefined) notes.push(`AnatomicRegionSequence has the code ${value} (${meaning}), of no known part`);
    else {
      meant.forEach((part) => parts.add(part));
      names.add(meaning);
    }
  }
  if (parts.size > 0) return [{ parts: [...parts], source: `AnatomicRegionSequence (${[...names].join(', ')})` }];
  if (regions.length === 0) notes.push('there is no code of an anatomic region');
  return [];
}

function byTerm(first: Header, notes: string[]): Finding[] {
  const texts = textsIn(first, TAG.BodyPartExamined);
  if (texts.length === 0) notes.push('BodyPartExamined is absent or empty');
  return texts.flatMap((text) => {
    const term = text.toUpperCase().replace(/[^\p{L}\p{N}]/gu, '');
    const parts = partsOfTerm(term) ?? (SAYS_NOTHING.has(term) ? [] : BODY_PART_WORDS.find(text));
    if (parts.length > 0) return [{ parts, source: `BodyPartExamined "${text}"` }];
    notes.push(`BodyPartExamined "${text}" names no part`);
    return [];
  });
}

function byWords(description: Description): Finding[] {
  const parts = BODY_PART_WORDS.find(description.text);
  return parts.length === 0 ? [] : [{ parts, source: quoted(description) }];
}

/** A code of another scheme still has a meaning in words. */
function someOf(parts: readonly BodyPart[]): readonly BodyPart[] | undefined {
  return parts.length === 0 ? undefined : parts;
}
