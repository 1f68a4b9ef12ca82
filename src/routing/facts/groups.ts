/** The functional groups of enhanced objects (PS3.3 C.7.6.16). */
import { TAG, tagKey } from '../../dicom/element/tags.js';
import type { Header } from '../../dicom/header.js';
import { headersIn } from '../header-values.js';

const SHARED = tagKey(TAG.SharedFunctionalGroupsSequence);
const PER_FRAME = tagKey(TAG.PerFrameFunctionalGroupsSequence);
const NONE: readonly Header[] = [];

/** The shared groups and those of every frame; none for a plain object. */
export function groupsOf(header: Header): readonly Header[] {
  if (header[SHARED] === undefined && header[PER_FRAME] === undefined) return NONE;
  return [...headersIn(header, TAG.SharedFunctionalGroupsSequence), ...headersIn(header, TAG.PerFrameFunctionalGroupsSequence)];
}

/** The shared groups and those of the first frame: for what is the same in every frame. */
export function groupsOfFirstFrame(header: Header): readonly Header[] {
  if (header[SHARED] === undefined && header[PER_FRAME] === undefined) return NONE;
  return [...headersIn(header, TAG.SharedFunctionalGroupsSequence), ...headersIn(header, TAG.PerFrameFunctionalGroupsSequence).slice(0, 1)];
}
