import { deflateRawSync } from 'node:zlib';
import fc from 'fast-check';
import { parseDecimal } from '../../../src/dicom/element/decimal.js';
import { parseInstance, type ParseOptions } from '../../../src/dicom/element/parse.js';
import { TAG } from '../../../src/dicom/element/tags.js';
import { TRANSFER_SYNTAX } from '../../../src/dicom/element/uids.js';
import { encodeDataSet } from '../../../src/dicom/element/write.js';
import { AnteroomError } from '../../../src/foundation/errors.js';
import { header, part10 } from '../../support/synthetic-image.js';

const EXPLICIT = { transferSyntaxUid: TRANSFER_SYNTAX.ExplicitVRLittleEndian };
const IMPLICIT = { transferSyntaxUid: TRANSFER_SYNTAX.ImplicitVRLittleEndian };

const u16 = (value: number, little = true) => (little ? [value & 0xff, value >> 8] : [value >> 8, value & 0xff]);
const u32 = (value: number, little = true) =>
  little ? [...u16(value & 0xffff), ...u16(value >>> 16)] : [...u16(value >>> 16, false), ...u16(value & 0xffff, false)];
const tagBytes = (tag: number, little = true) => [...u16(tag >>> 16, little), ...u16(tag & 0xffff, little)];
const ascii = (text: string) => [...Buffer.from(text, 'latin1')];
/** An element with a 16-bit or, for long VRs, a 32-bit length; a length other than that of the value can be claimed. */
const explicit = (tag: number, vr: string, value: number[], { claimed = value.length, little = true } = {}) =>
  ['OB', 'OW', 'SQ', 'UN', 'UT'].includes(vr)
    ? [...tagBytes(tag, little), ...ascii(vr), 0, 0, ...u32(claimed, little), ...value]
    : [...tagBytes(tag, little), ...ascii(vr), ...u16(claimed, little), ...value];
const implicit = (tag: number, value: number[], claimed = value.length) => [...tagBytes(tag), ...u32(claimed), ...value];
const UNDEFINED = 0xffffffff;
const item = (value: number[], claimed = value.length) => [...tagBytes(TAG.Item), ...u32(claimed), ...value];
const itemEnd = [...tagBytes(TAG.ItemDelimitationItem), ...u32(0)];
const sequenceEnd = [...tagBytes(TAG.SequenceDelimitationItem), ...u32(0)];

const parse = (bytes: number[], options: ParseOptions) => parseInstance(Uint8Array.from(bytes), options);
const codeOf = (action: () => unknown): string => {
  try {
    action();
    return 'nothing thrown';
  } catch (thrown) {
    return thrown instanceof AnteroomError ? thrown.code : `not ours: ${String(thrown)}`;
  }
};

describe('parseInstance', () => {
  it('reads a file: meta information, values by kind, and the place where the data set begins', () => {
    const bytes = part10({
      SOPInstanceUID: ['1.2.840.1'],
      Modality: ['CT'],
      PixelSpacing: ['0.70', '0.5'],
      Rows: [512],
      PatientName: [{ Alphabetic: 'Müller^Jürg' }],
    });
    const instance = parseInstance(bytes);
    const { dataset } = instance;
    expect(instance.transferSyntaxUid).toBe('1.2.840.10008.1.2.1');
    expect(instance.mediaStorageSopInstanceUid).toBe('1.2.840.1');
    expect(instance.complete).toBe(true);
    expect(dataset.text(TAG.Modality)).toBe('CT');
    expect(dataset.texts(TAG.PixelSpacing)).toEqual(['0.70', '0.5']);
    expect(dataset.numbers(TAG.PixelSpacing)).toEqual([0.7, 0.5]);
    expect(dataset.number(TAG.Rows)).toBe(512);
    expect(dataset.text(TAG.PatientName)).toBe('Müller^Jürg');
    expect(parseInstance(bytes.subarray(instance.dataSetOffsetBytes), EXPLICIT).dataset.uid(TAG.SOPInstanceUID)).toBe('1.2.840.1');
  });

  it('tells absent from empty', () => {
    const { dataset } = parse([...explicit(TAG.AccessionNumber, 'SH', [])], EXPLICIT);
    expect([dataset.has(TAG.AccessionNumber), dataset.isEmpty(TAG.AccessionNumber), dataset.text(TAG.AccessionNumber)]).toEqual([
      true,
      true,
      undefined,
    ]);
    expect([dataset.has(TAG.PatientID), dataset.isEmpty(TAG.PatientID), dataset.items(TAG.PatientID)]).toEqual([false, true, []]);
  });

  it('does not take "" and "0x10" for numbers', () => {
    const { dataset } = parse(
      [...explicit(TAG.SliceThickness, 'DS', ascii('0x10')), ...explicit(TAG.PixelSpacing, 'DS', ascii('0.5\\'))],
      EXPLICIT,
    );
    expect(dataset.number(TAG.SliceThickness)).toBeUndefined();
    expect(dataset.numbers(TAG.PixelSpacing)).toEqual([0.5, NaN]);
  });

  it.each([
    ['defined', false],
    ['undefined', true],
  ])('reads nested sequences with %s lengths, explicit and implicit', (_, undefinedLength) => {
    const nest = (build: (tag: number, value: number[], claimed?: number) => number[], inner: number[]) => {
      const level = (value: number[], tag: number) =>
        undefinedLength ? build(tag, [...item([...value, ...itemEnd], UNDEFINED), ...sequenceEnd], UNDEFINED) : build(tag, item(value));
      return level(level(inner, TAG.ReferencedSOPSequence), TAG.ReferencedSeriesSequence);
    };
    const sequence = (tag: number, value: number[], claimed?: number) => explicit(tag, 'SQ', value, { claimed: claimed ?? value.length });
    const both = [
      parse(nest(sequence, explicit(TAG.ReferencedSOPInstanceUID, 'UI', ascii('1.2.3\0'))), EXPLICIT),
      parse(nest(implicit, implicit(TAG.ReferencedSOPInstanceUID, ascii('1.2.3\0'))), IMPLICIT),
    ];
    for (const { dataset } of both) {
      expect(dataset.items(TAG.ReferencedSeriesSequence)[0]?.items(TAG.ReferencedSOPSequence)[0]?.uid(TAG.ReferencedSOPInstanceUID)).toBe(
        '1.2.3',
      );
    }
  });

  it('reads big endian numbers', () => {
    const { dataset } = parse(explicit(TAG.Rows, 'US', [2, 0], { little: false }), {
      transferSyntaxUid: TRANSFER_SYNTAX.ExplicitVRBigEndian,
    });
    expect(dataset.number(TAG.Rows)).toBe(512);
  });

  it('lets PixelRepresentation decide between US and SS in implicit data sets', () => {
    const minusOne = implicit(TAG.PixelPaddingValue, [0xff, 0xff]);
    expect(parse([...implicit(TAG.PixelRepresentation, [1, 0]), ...minusOne], IMPLICIT).dataset.number(TAG.PixelPaddingValue)).toBe(-1);
    expect(parse([...implicit(TAG.PixelRepresentation, [0, 0]), ...minusOne], IMPLICIT).dataset.number(TAG.PixelPaddingValue)).toBe(65535);
  });

  it('reads UN as what the dictionary knows, and UN of undefined length as an implicit sequence', () => {
    const { dataset } = parse(
      [
        ...explicit(0x00091001, 'UN', [...item(implicit(TAG.Modality, ascii('MR'))), ...sequenceEnd], { claimed: UNDEFINED }),
        ...explicit(TAG.Modality, 'UN', ascii('CT')),
      ],
      EXPLICIT,
    );
    expect(dataset.text(TAG.Modality)).toBe('CT');
    expect(dataset.items(0x00091001)[0]?.text(TAG.Modality)).toBe('MR');
  });

  it('reads encapsulated pixel data: offset table and fragments', () => {
    const { dataset } = parse(
      explicit(TAG.PixelData, 'OB', [...item(u32(0)), ...item([1, 2]), ...item([3, 4, 5, 6]), ...sequenceEnd], { claimed: UNDEFINED }),
      EXPLICIT,
    );
    expect(dataset.fragments(TAG.PixelData)).toEqual({ basicOffsets: [0], fragments: [Uint8Array.of(1, 2), Uint8Array.of(3, 4, 5, 6)] });
    expect(dataset.bytesOf(TAG.PixelData)).toBeUndefined();
  });

  it('inflates deflated data sets, but not without limit', () => {
    const deflated = { transferSyntaxUid: TRANSFER_SYNTAX.DeflatedExplicitVRLittleEndian };
    const plain = encodeDataSet(header({ Modality: ['CT'], PixelData: new Uint8Array(1_000_000) }));
    const bytes = deflateRawSync(plain);
    expect(parseInstance(bytes, deflated).dataset.text(TAG.Modality)).toBe('CT');
    expect(codeOf(() => parseInstance(bytes, { ...deflated, maxInflatedBytes: 1000 }))).toBe('DICOM_DAMAGED');
    expect(codeOf(() => parseInstance(bytes.subarray(0, 100), deflated))).toBe('DICOM_DAMAGED');
  });

  it('reads the header of a deflated object without inflating its pixel data', () => {
    const plain = encodeDataSet(header({ Modality: ['SEG'], PixelData: new Uint8Array(60_000_000) }));
    const options = {
      transferSyntaxUid: TRANSFER_SYNTAX.DeflatedExplicitVRLittleEndian,
      stopAtPixelData: true,
      maxInflatedBytes: 20_000_000,
    };
    const { dataset, complete } = parseInstance(deflateRawSync(plain, { level: 1 }), options);
    expect([dataset.text(TAG.Modality), complete]).toEqual(['SEG', true]);
  });

  it('stops before pixel data when asked', () => {
    const bytes = part10({ Modality: ['CT'], PixelData: new Uint8Array(64) });
    const { dataset, complete } = parseInstance(bytes, { stopAtPixelData: true });
    expect([dataset.text(TAG.Modality), dataset.has(TAG.PixelData), complete]).toEqual(['CT', false, true]);
  });

  it('reads the beginning of an object up to any byte, whole elements only', () => {
    const bytes = encodeDataSet(
      header({
        Modality: ['CT'],
        PatientID: ['P-1'],
        ReferencedSeriesSequence: [{ '0020000E': { vr: 'UI', Value: ['1.2.3'] } }],
        Rows: [2],
        PixelData: new Uint8Array(64),
      }),
    );
    for (let length = 0; length <= bytes.length; length++) {
      const { dataset, complete } = parseInstance(bytes.subarray(0, length), { ...EXPLICIT, truncated: true });
      expect(complete).toBe(false);
      for (const { tag } of dataset.elements()) expect(dataset.isEmpty(tag)).toBe(false);
    }
    expect(parseInstance(bytes.subarray(0, bytes.length - 1), { ...EXPLICIT, truncated: true, stopAtPixelData: true }).complete).toBe(true);
  });

  it('reads texts of many digits or blanks as fast as others: nobody can keep the node busy with one value', () => {
    const long = (middle: string) => ascii(`1${middle.repeat(80_000)}x`);
    const { dataset } = parse(
      [...explicit(TAG.ImageComments, 'UT', long(' ')), ...explicit(TAG.SliceThickness, 'UT', long('1'))],
      EXPLICIT,
    );
    expect(dataset.text(TAG.ImageComments)).toHaveLength(80_002);
    expect(parseDecimal(dataset.text(TAG.SliceThickness) ?? '')).toBeNaN();
  });

  it('takes zeros at the end for padding', () => {
    const { dataset } = parse([...explicit(TAG.Modality, 'CS', ascii('CT')), ...new Array<number>(100).fill(0)], EXPLICIT);
    expect(dataset.text(TAG.Modality)).toBe('CT');
  });

  it.each<[string, number[], ParseOptions]>([
    ['an element that claims 400 MB', explicit(TAG.PixelData, 'OB', [1, 2], { claimed: 400_000_000 }), EXPLICIT],
    [
      'an element that runs over its item',
      explicit(TAG.ReferencedSeriesSequence, 'SQ', [
        ...item(explicit(TAG.Modality, 'CS', [0x43], { claimed: 40 })),
        ...new Array<number>(60).fill(0x20),
      ]),
      EXPLICIT,
    ],
    ['a sequence without its end', explicit(TAG.ReferencedSeriesSequence, 'SQ', [...item([])], { claimed: UNDEFINED }), EXPLICIT],
    ['a text of undefined length', explicit(TAG.TextValue, 'UT', [], { claimed: UNDEFINED }), EXPLICIT],
    ['a VR that is none', [...tagBytes(TAG.Modality), 0x01, 0x02, 0, 0], EXPLICIT],
    ['a delimiter out of place', itemEnd, EXPLICIT],
    ['a command group', explicit(0x00000100, 'US', [1, 0]), EXPLICIT],
    [
      'sequences nested a thousand deep',
      new Array<number[]>(1000).fill([...implicit(TAG.ContentSequence, [], UNDEFINED), ...item([], UNDEFINED)]).flat(),
      IMPLICIT,
    ],
  ])('refuses %s', (_, bytes, options) => {
    expect(codeOf(() => parse(bytes, options))).toBe('DICOM_DAMAGED');
  });

  it('ends at an element that claims 400 MB where the bytes are known to be cut', () => {
    const { dataset, complete } = parse(
      [...explicit(TAG.Modality, 'CS', ascii('CT')), ...explicit(TAG.PixelData, 'OB', [1, 2], { claimed: 400_000_000 })],
      { ...EXPLICIT, truncated: true },
    );
    expect([dataset.text(TAG.Modality), dataset.has(TAG.PixelData), complete]).toEqual(['CT', false, false]);
  });

  it('does not take an element that runs over its item for a cut', () => {
    const overrun = explicit(TAG.ReferencedSeriesSequence, 'SQ', [
      ...item(explicit(TAG.Modality, 'CS', [0x43], { claimed: 40 })),
      ...new Array<number>(60).fill(0x20),
    ]);
    expect(codeOf(() => parse(overrun, { ...EXPLICIT, truncated: true }))).toBe('DICOM_DAMAGED');
  });

  it('refuses what is no Part 10 file', () => {
    expect(codeOf(() => parse(new Array<number>(200).fill(0x20), {}))).toBe('DICOM_NOT_P10');
    expect(codeOf(() => parse([], {}))).toBe('DICOM_NOT_P10');
    expect(codeOf(() => parse([...new Array<number>(128).fill(0), ...ascii('DICM')], {}))).toBe('DICOM_NOT_P10');
  });

  it('names no values in its errors', () => {
    const named = explicit(TAG.PatientName, 'PN', ascii('SECRET^NAME '), { claimed: 60 });
    expect(() => parse(named, EXPLICIT)).toThrow(/\(0010,0010\) PatientName needs 60 bytes where 12 are left/);
    expect(() => parse(named, EXPLICIT)).not.toThrow(/SECRET/);
  });
});

describe('parseInstance on random and mutated bytes', () => {
  const syntaxes = fc.constantFrom<ParseOptions>(
    {},
    EXPLICIT,
    IMPLICIT,
    { transferSyntaxUid: TRANSFER_SYNTAX.ExplicitVRBigEndian },
    { transferSyntaxUid: TRANSFER_SYNTAX.DeflatedExplicitVRLittleEndian },
  );
  const flags = fc.record({ truncated: fc.boolean(), stopAtPixelData: fc.boolean() });
  /** Parses and reads everything, in every way. */
  const readAll = (bytes: Uint8Array, options: ParseOptions): void => {
    try {
      const { dataset } = parseInstance(bytes, options);
      for (const { tag } of dataset.elements()) {
        expect([dataset.texts(tag), dataset.numbers(tag), dataset.items(tag), dataset.bytesOf(tag), dataset.fragments(tag)]).toHaveLength(
          5,
        );
      }
    } catch (thrown) {
      if (!(thrown instanceof AnteroomError) || !thrown.code.startsWith('DICOM_')) throw thrown;
    }
  };

  it('throws nothing but DICOM_NOT_P10 and DICOM_DAMAGED on random bytes', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), syntaxes, flags, (bytes, syntax, flag) => readAll(bytes, { ...syntax, ...flag })),
      { numRuns: 2000 },
    );
  });

  it('nor on a real structure with bytes changed', () => {
    const whole = Buffer.from(
      part10({
        SpecificCharacterSet: ['ISO_IR 192'],
        PatientName: [{ Alphabetic: 'A^B' }],
        Rows: [2],
        PixelSpacing: ['1', '2'],
        ReferencedSeriesSequence: [{ '0020000E': { vr: 'UI', Value: ['1.2.3'] }, '00081199': { vr: 'SQ', Value: [{}] } }],
        PixelData: new Uint8Array(8),
      }),
    );
    const change = fc.tuple(fc.nat(whole.length - 129), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 8 }), flags, (changes, flag) => {
        const bytes = Uint8Array.from(whole);
        for (const [at, value] of changes) bytes[128 + at] = value;
        readAll(bytes, flag);
      }),
      { numRuns: 5000 },
    );
  });
});
