/** The codes that say what a segment or a region of interest is, as code sequences: the same in SEG and RTSTRUCT but for the type's own sequence. */
import { codeItem, headerOf, type Attributes } from '../compose.js';
import type { DataSet } from '../element/data-set.js';
import { TAG } from '../element/tags.js';
import type { Keyword } from '../element/tags.js';
import type { Header } from '../header.js';
import type { Code } from './code.js';
import type { SegmentCodes } from './table.js';

type TypeSequence = 'SegmentedPropertyTypeCodeSequence' | 'RTROIIdentificationCodeSequence';

/** Category, type and region with their modifiers (PS3.3 C.8.20.4, C.8.8.8). */
export function segmentCodes({ category, type, ...more }: SegmentCodes, typeSequence: TypeSequence): Attributes {
  return {
    SegmentedPropertyCategoryCodeSequence: category && [codeItem(category)],
    [typeSequence]: type && [withModifiers(type, 'SegmentedPropertyTypeModifierCodeSequence', more.typeModifiers)],
    AnatomicRegionSequence:
      more.regions.length === 0
        ? undefined
        : more.regions.map((region) => withModifiers(region, 'AnatomicRegionModifierSequence', more.regionModifiers)),
  };
}

/** A code item with its modifiers, which stand inside of it (PS3.3 tables 10-7 and C.8.20-4). */
function withModifiers(code: Code, keyword: Keyword, modifiers: readonly Code[]): Header {
  return { ...codeItem(code), ...headerOf({ [keyword]: modifiers.length === 0 ? undefined : modifiers.map(codeItem) }) };
}

/** The codes that an item has; of several types the first. */
export function readSegmentCodes(item: DataSet, typeSequence: number): SegmentCodes {
  const [typeItem] = item.items(typeSequence);
  return {
    category: readCodes(item, TAG.SegmentedPropertyCategoryCodeSequence)[0],
    type: readCodes(item, typeSequence)[0],
    typeModifiers: typeItem === undefined ? [] : readCodes(typeItem, TAG.SegmentedPropertyTypeModifierCodeSequence),
    regions: readCodes(item, TAG.AnatomicRegionSequence),
    regionModifiers: item.items(TAG.AnatomicRegionSequence).flatMap((region) => readCodes(region, TAG.AnatomicRegionModifierSequence)),
  };
}

/** The complete codes of a sequence; items without a value or scheme are left out. */
export function readCodes(dataset: DataSet, tag: number): Code[] {
  return dataset.items(tag).flatMap((item) => {
    const value = item.text(TAG.CodeValue) ?? item.text(TAG.LongCodeValue) ?? item.text(TAG.URNCodeValue);
    const scheme = item.text(TAG.CodingSchemeDesignator) ?? (item.has(TAG.URNCodeValue) ? 'URN' : undefined);
    if (value === undefined || scheme === undefined) return [];
    return [{ value, scheme, meaning: item.text(TAG.CodeMeaning) ?? '' }];
  });
}
