/** Content items as headers (PS3.3 tables C.17-5 to C.17-7, C.18). */
import { AnteroomError } from '../../foundation/errors.js';
import { codeItem, headerOf } from '../compose.js';
import { formatDecimal } from '../element/decimal.js';
import type { Header } from '../header.js';
import type { ContentItem, ContentValue, ObjectReference } from './content-item.js';

/** The item with all that it holds. @throws {AnteroomError} INTERNAL for a value that we do not write. */
export function contentHeader({ relationship, concept, value, children }: ContentItem): Header {
  return {
    ...headerOf({
      RelationshipType: relationship,
      ValueType: value.type,
      ConceptNameCodeSequence: concept === undefined ? undefined : [codeItem(concept)],
    }),
    ...valueHeader(value),
    ...headerOf({ ContentSequence: children.length === 0 ? undefined : children.map(contentHeader) }),
  };
}

function valueHeader(value: ContentValue): Header {
  switch (value.type) {
    case 'CONTAINER':
      return headerOf({
        ContinuityOfContent: value.continuity,
        ContentTemplateSequence:
          value.template === undefined ? undefined : [headerOf({ MappingResource: 'DCMR', TemplateIdentifier: value.template })],
      });
    case 'CODE':
      return headerOf({ ConceptCodeSequence: [codeItem(value.code)] });
    case 'NUM':
      return numberHeader(value);
    case 'TEXT':
      return headerOf({ TextValue: value.text });
    case 'UIDREF':
      return headerOf({ UID: value.uid });
    case 'IMAGE':
    case 'COMPOSITE':
      return headerOf({ ReferencedSOPSequence: [referenceHeader(value.reference)] });
    default:
      throw new AnteroomError('INTERNAL', `a content item of type ${value.type} is not written`);
  }
}

/**
 * PS3.3 C.18.1. No value is an empty sequence with the reason beside it; a number that its decimal string shortens is there whole, too.
 */
function numberHeader(value: Extract<ContentValue, { type: 'NUM' }>): Header {
  if ('qualifier' in value) return headerOf({ MeasuredValueSequence: [], NumericValueQualifierCodeSequence: [codeItem(value.qualifier)] });
  const decimal = formatDecimal(value.value);
  const measured = headerOf({
    NumericValue: decimal,
    FloatingPointValue: Number(decimal) === value.value ? undefined : value.value,
    MeasurementUnitsCodeSequence: [codeItem(value.unit)],
  });
  return headerOf({ MeasuredValueSequence: [measured] });
}

/** An item of a sequence of references (PS3.3 table 10-11, C.18.4). */
export function referenceHeader({ sopClassUid, sopInstanceUid, segmentNumbers = [] }: ObjectReference): Header {
  return headerOf({
    ReferencedSOPClassUID: sopClassUid,
    ReferencedSOPInstanceUID: sopInstanceUid,
    ReferencedSegmentNumber: segmentNumbers.length === 0 ? undefined : segmentNumbers,
  });
}
