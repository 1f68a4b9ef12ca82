/** The free texts of a series that tell what it shows, best first. Pure. */
import { TAG } from '../../dicom/element/tags.js';
import type { Header } from '../../dicom/header.js';
import { headersIn, textsIn } from '../header-values.js';

export interface Description {
  /** Keyword of the element. */
  readonly name: string;
  readonly text: string;
}

/** What is said of the series itself comes before what is said of the whole examination. Named so in the reference of facts. */
export const DESCRIPTIONS = [
  'SeriesDescription',
  'ProtocolName',
  'RequestedProcedureDescription',
  'PerformedProcedureStepDescription',
  'StudyDescription',
] as const satisfies readonly (keyof typeof TAG)[];

/** The descriptions of a series that are there, in the order of `DESCRIPTIONS`. */
export function descriptionsOf(first: Header): Description[] {
  const requests = headersIn(first, TAG.RequestAttributesSequence);
  return DESCRIPTIONS.flatMap((name) => {
    const holders = name === 'RequestedProcedureDescription' ? [first, ...requests] : [first];
    return holders.flatMap((holder) => textsIn(holder, TAG[name])).map((text) => ({ name, text }));
  });
}

/** A description as the source of a fact: its name and the text, cut to what fits in a line. */
export function quoted({ name, text }: Description): string {
  return `${name} "${text.length > 64 ? `${text.slice(0, 63)}…` : text}"`;
}
