/**
 * Content trees of structured reports (PS3.3 C.17.3): what a report says, item by item. The reader knows every value type; the writer those
 * that reports of measurements need.
 */
import type { Code } from '../structures/code.js';

/** How an item relates to the one that holds it (PS3.3 table C.17.3-8). */
export type Relationship =
  'CONTAINS' | 'HAS OBS CONTEXT' | 'HAS ACQ CONTEXT' | 'HAS CONCEPT MOD' | 'HAS PROPERTIES' | 'INFERRED FROM' | 'SELECTED FROM';

/** An object that an item refers to (PS3.3 C.18.3, C.18.4). */
export interface ObjectReference {
  readonly sopClassUid: string;
  readonly sopInstanceUid: string;
  /** Of a segmentation. */
  readonly segmentNumbers?: readonly number[];
}

/** What an item says. A NUM has a number, or a reason (CID 42) why it has none. */
export type ContentValue =
  | {
      readonly type: 'CONTAINER';
      readonly continuity: 'SEPARATE' | 'CONTINUOUS';
      /** Of PS3.16: `1500`. */
      readonly template?: string;
    }
  | { readonly type: 'CODE'; readonly code: Code }
  | { readonly type: 'NUM'; readonly value: number; readonly unit: Code }
  | { readonly type: 'NUM'; readonly qualifier: Code }
  | { readonly type: 'TEXT' | 'DATE' | 'TIME' | 'DATETIME' | 'PNAME'; readonly text: string }
  | { readonly type: 'UIDREF'; readonly uid: string }
  | { readonly type: 'IMAGE' | 'COMPOSITE' | 'WAVEFORM'; readonly reference: ObjectReference }
  /** `graphicType`: POINT, POLYLINE, …; `coordinates`: column, row in pixels, or x, y, z in mm (PS3.3 C.18.6, C.18.9). */
  | { readonly type: 'SCOORD' | 'SCOORD3D'; readonly graphicType: string; readonly coordinates: readonly number[] }
  /** Another value type, or one that lacks its value. */
  | { readonly type: 'OTHER'; readonly valueType: string };

export interface ContentItem {
  /** Absent of the root only. */
  readonly relationship?: Relationship;
  /** What the item is about; images often have none. */
  readonly concept?: Code;
  readonly value: ContentValue;
  readonly children: readonly ContentItem[];
}

/** An item as it is written down in the templates. */
export function item(
  relationship: Relationship,
  concept: Code | undefined,
  value: ContentValue,
  children: readonly ContentItem[] = [],
): ContentItem {
  return { relationship, ...(concept === undefined ? {} : { concept }), value, children };
}

/** A container that is contained. */
export function container(concept: Code, children: readonly ContentItem[], template?: string): ContentItem {
  return item(
    'CONTAINS',
    concept,
    { type: 'CONTAINER', continuity: 'SEPARATE', ...(template === undefined ? {} : { template }) },
    children,
  );
}
