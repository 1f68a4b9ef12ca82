/** deploy/conformance-statement.md says what the code does: each table is compared with what the code exports, in both directions. */
import { readFileSync } from 'node:fs';
import { RUN_DECODERS } from '../../src/dicom/element/charset.js';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { dictionaryVr, keywordOf, tagKey, TAG } from '../../src/dicom/element/tags.js';
import { toHeader } from '../../src/dicom/element/to-header.js';
import { SOP_CLASS, STORAGE_SOP_CLASSES } from '../../src/dicom/element/uids.js';
import { STORAGE_SOP_CLASS } from '../../src/dicom/element/storage-sop-classes.js';
import { IMPLEMENTATION_CLASS_UID, IMPLEMENTATION_VERSION_NAME } from '../../src/dicom/element/write.js';
import type { Header, HeaderValue } from '../../src/dicom/header.js';
import { writeRejectionNote } from '../../src/dicom/rejection-note.js';
import { writeSeg } from '../../src/dicom/seg/write.js';
import type { MeasurementReport } from '../../src/dicom/sr/measurement-report.js';
import { writeReport } from '../../src/dicom/sr/write.js';
import { LATERALITY } from '../../src/dicom/structures/code.js';
import { meaningOf, structureById } from '../../src/dicom/structures/table.js';
import { FRAME_MEDIA_TYPES } from '../../src/dicomweb/server/frames.js';
import type { ArchivePort } from '../../src/dicomweb/server/port.js';
import { INSTANCE_ATTRIBUTES, SERIES_ATTRIBUTES, STUDY_ATTRIBUTES } from '../../src/dicomweb/server/qido.js';
import { dicomWebRouter } from '../../src/dicomweb/server/router.js';
import { answerContexts, REJECT } from '../../src/dimse/negotiation.js';
import { ABORT_REASON } from '../../src/dimse/pdu.js';
import type { CommitmentPort } from '../../src/dimse/services/commitment.js';
import { errorOfStatus, isStored, STATUS } from '../../src/dimse/statuses.js';
import { BCP_195 } from '../../src/dimse/tls-files.js';
import { APPLICATION_CONTEXT, KNOWN_TRANSFER_SYNTAXES, VERIFICATION } from '../../src/dimse/uids.js';
import { CATALOGUE } from '../../src/foundation/errors.js';
import { servicesFor } from '../../src/intake/dimse-services.js';
import type { Db } from '../../src/ledger/database.js';
import { settingsSchema } from '../../src/settings/schema.js';
import { CONTENT, reportInput } from '../support/report.js';
import { tableColumn, tableRows } from '../support/markdown-tables.js';
import { ellipsoid, madeUpSource, segInput, segmentOf } from '../support/seg.js';

const STATEMENT = readFileSync('deploy/conformance-statement.md', 'utf8');

/** Code value and meaning of an item with scheme DCM in DICOM JSON. */
const OUR_CODE =
  /"00080100":\{"vr":"SH","Value":\["([^"]+)"\]\},"00080102":\{"vr":"SH","Value":\["(?:DCM|99ANTEROOM)"\]\},"00080104":\{"vr":"LO","Value":\["([^"]+)"\]/g;

/** A value for each VR that a header can have. */
const VALUES: Readonly<Record<string, HeaderValue>> = {
  AS: '042Y',
  CS: 'YES',
  DA: '20200101',
  DS: '1.5',
  IS: '1',
  LO: 'text',
  LT: 'text',
  PN: { Alphabetic: 'Doe^Jane' },
  SH: 'text',
  SQ: { '00080100': { vr: 'SH', Value: ['1'] } },
  ST: 'text',
  TM: '120000',
  UI: '1.2.3',
  UT: 'text',
};

const column = (caption: string, name: string) => tableColumn(STATEMENT, caption, name);
const rows = (caption: string) => tableRows(STATEMENT, caption);
/** `name: value` of a table of two columns. */
const pairs = (caption: string, key: string, value: string) => Object.fromEntries(rows(caption).map((row) => [row[key], row[value]]));
const hex = (status: number) => status.toString(16).toUpperCase().padStart(4, '0');

describe('SOP classes', () => {
  it('of storage: those of the code, each accepted', () => {
    expect(Object.fromEntries(rows('Storage SOP classes, as SCP').map((row) => [row['SOP class'], row.UID]))).toEqual(STORAGE_SOP_CLASS);
    const refused = STORAGE_SOP_CLASSES.filter((uid) => acceptance(uid) !== 0);
    expect(refused).toEqual([]);
  });

  it('beside storage', () => {
    const services = servicesFor({} as Db, '', { queryCallers: ['ANY'], commits: true, peers: {} }, {} as CommitmentPort);
    const offered = services({ callingAe: 'ANY', calledAe: 'ANTEROOM', remoteAddress: '127.0.0.1' });
    expect(column('SOP classes beside storage, as SCP', 'UID').sort()).toEqual([VERIFICATION, ...offered.keys()].sort());
  });

  function acceptance(abstractSyntax: string): number | undefined {
    const [answer] = answerContexts([{ id: 1, abstractSyntax, transferSyntaxes: [...KNOWN_TRANSFER_SYNTAXES].slice(0, 1) }]);
    return answer?.result;
  }
});

it('transfer syntaxes', () => {
  expect(column('Transfer syntaxes of storage', 'UID').sort()).toEqual([...KNOWN_TRANSFER_SYNTAXES].sort());
});

describe('association', () => {
  it('identification', () => {
    const policies = pairs('Association policies', 'Policy', 'Value');
    expect(policies['Application context name']).toBe(APPLICATION_CONTEXT);
    expect([policies['Implementation class UID'], policies['Implementation version name']]).toEqual([
      IMPLEMENTATION_CLASS_UID,
      IMPLEMENTATION_VERSION_NAME,
    ]);
  });

  it('default limits', () => {
    const defaults = settingsSchema('/').parse({}).dimse as Readonly<Record<string, unknown>>;
    const told = pairs('Limits of a listener and their defaults', 'Setting', 'Default');
    expect(told).toEqual(Object.fromEntries(Object.keys(told).map((name) => [name, String(defaults[name])])));
    const limits = Object.keys(defaults).filter((name) => /^max|Timeout/.test(name) && defaults[name] !== undefined);
    expect(Object.keys(told)).toEqual(expect.arrayContaining(limits));
  });

  it('rejections and aborts', () => {
    const told = rows('A-ASSOCIATE-RJ').map(({ Result, Source, 'Reason code': reason }) => `${Result} ${Source} ${reason}`);
    expect(told.sort()).toEqual(
      Object.values(REJECT)
        .map(({ result, source, reason }) => `${result} ${source} ${reason}`)
        .sort(),
    );
    expect(column('A-ABORT by the service provider', 'Code').map(Number)).toEqual(Object.values(ABORT_REASON));
  });
});

describe('statuses', () => {
  it('of failures that we answer', () => {
    const told = Object.fromEntries(rows('Statuses of failures, as SCP').map(({ Error: code, Status }) => [code, Status]));
    const statuses = Object.entries(CATALOGUE).map(([code, entry]) => [code, (entry as { dimseStatus?: number }).dimseStatus] as const);
    const answered = statuses.flatMap(([code, status]) => (status === undefined ? [] : [[code, hex(status)] as const]));
    expect(told).toEqual(Object.fromEntries(answered));
  });

  it('of C-STORE that we get', () => {
    for (const { Status, 'Taken as': taken } of rows('Statuses of a C-STORE-RSP, as SCU')) {
      const status = Number.parseInt(Status, 16);
      const kind = isStored(status) ? 'stored' : errorOfStatus(status, 'C-STORE').code === 'DESTINATION_BUSY' ? 'busy' : 'refused';
      expect(`${Status} ${taken}`).toBe(`${Status} ${taken.replace(/^\w+/, kind)}`);
    }
  });

  it('of the other services', () => {
    const { processingFailure, duplicateInstance, unrecognizedOperation, resourceLimitation, cannotUnderstand, ...ofQueries } = STATUS;
    const others = [processingFailure, duplicateInstance, unrecognizedOperation, resourceLimitation, cannotUnderstand];
    expect(others).not.toContain(undefined);
    expect(column('Statuses of query, retrieve and storage commitment, as SCP', 'Status').sort()).toEqual(
      Object.values(ofQueries).map(hex).sort(),
    );
  });
});

describe('DICOMweb', () => {
  it('resources', () => {
    const told = rows('Resources, as origin server').map(({ Method, Resource }) => `${Method} ${Resource}`);
    expect(told.sort()).toEqual(routes().sort());
  });

  it('attributes of searches', () => {
    const told = rows('Attributes of a search').map(({ Level, Attribute }) => `${Level} ${Attribute}`);
    const levels = { study: STUDY_ATTRIBUTES, series: SERIES_ATTRIBUTES, instance: INSTANCE_ATTRIBUTES };
    const known = Object.entries(levels).flatMap(([level, tags]) => tags.map((tag) => `${level} ${keywordOf(tag) ?? ''}`));
    expect(told.sort()).toEqual(known.sort());
  });

  it('media types of compressed frames', () => {
    const told = pairs('Media types of frames that are kept compressed', 'Transfer syntax', 'Media types');
    expect(told).toEqual(Object.fromEntries(Object.entries(FRAME_MEDIA_TYPES).map(([uid, types]) => [uid, types.join(', ')])));
  });

  /** `GET /studies/{study}`, as the router has them. */
  function routes(): string[] {
    const log = { error: () => undefined, warn: () => undefined, info: () => undefined, debug: () => undefined };
    const { stack } = dicomWebRouter({} as ArchivePort, { log });
    return stack.flatMap(({ route }) => {
      if (route === undefined) return [];
      const paths = ([] as string[]).concat(route.path as string | string[]);
      const methods = new Set(route.stack.map(({ method }) => method as string | undefined).filter((method) => method !== undefined));
      return paths.flatMap((path) => [...methods].map((method) => `${method.toUpperCase()} ${path.replace(/[:*](\w+)/g, '{$1}')}`));
    });
  }
});

it('character sets', () => {
  const told = column('Character sets that are read', 'Defined terms').flatMap((terms) => terms.split(', '));
  const numbers = told.map((term) => /(?:ISO_IR|ISO 2022 IR) (\d+)$/.exec(term)?.[1] ?? term);
  // The default repertoire; the two of two bytes stand behind escape sequences only.
  expect([...new Set(numbers)].sort()).toEqual([...Object.keys(RUN_DECODERS), '87', '159'].sort());
});

it('TLS', () => {
  const policies = pairs('TLS of DIMSE listeners and destinations', 'Policy', 'Value');
  expect(policies['Least version']).toBe(BCP_195.minVersion);
  expect(policies['Cipher suites'].split(', ')).toEqual(BCP_195.ciphers.split(':'));
});

/** What stands in every report, without the codes that a mapping brings. */
const WITHOUT_ANSWERS: MeasurementReport = {
  ...CONTENT,
  groups: [
    {
      label: 'Answer',
      trackingUid: '2.25.1',
      sites: [{ code: LATERALITY.left, laterality: LATERALITY.left }],
      measurements: [],
      evaluations: [],
    },
  ],
};

describe('what is created', () => {
  const source = sourceWithEverything();
  const segmentation = parseInstance(
    writeSeg(segInput(source, [segmentOf('LIVER', ellipsoid(source.grid, [0.5, 0.5, 0.5], 0.3))])).bytes,
  ).dataset;
  const note = parseInstance(rejectionNote(source.header)).dataset;
  const report = parseInstance(writeReport({ ...reportInput(WITHOUT_ANSWERS), source: source.header })).dataset;

  it.each([
    ['Attributes of a Segmentation', segmentation, SOP_CLASS.SegmentationStorage],
    ['Attributes of a report', report, SOP_CLASS.ComprehensiveSRStorage],
    ['Attributes of a rejection note', note, SOP_CLASS.KeyObjectSelectionDocumentStorage],
  ])('%s: those of the table and no other', (caption, dataset, sopClassUid) => {
    const tags = [...dataset.elements()].map(({ tag }) => tagKey(tag));
    expect(column(caption, 'Tag').sort()).toEqual(tags.sort());
    for (const { Tag, Attribute } of rows(caption)) expect([Tag, Attribute]).toEqual([Tag, keywordOf(Number.parseInt(Tag, 16))]);
    expect(dataset.uid(TAG.SOPClassUID)).toBe(sopClassUid);
  });

  it('coded terms', () => {
    const written = [segmentation, report, note].map((dataset) =>
      JSON.stringify(toHeader(dataset, { sequencesJson: Infinity, valueBytes: Infinity })),
    );
    const told = rows('Coded terms in created instances').map(({ Code, Meaning }) => `${Code} ${Meaning}`);
    const used = [...written.join().matchAll(OUR_CODE)].map(([, code, meaning]) => `${code} ${meaning}`);
    const structure = meaningOf(structureById('LIVER')!);
    const ofTheStructure = new Set(
      [structure.category, structure.type, ...structure.regions].map(({ value, meaning }) => `${value} ${meaning}`),
    );
    expect(told.sort()).toEqual([...new Set(used)].filter((code) => !ofTheStructure.has(code)).sort());
  });

  /** A source whose header has a value for every attribute that the code knows: what can be taken over is. */
  function sourceWithEverything() {
    const header: Record<string, Header[string]> = {};
    for (const tag of Object.values(TAG)) {
      const vr = dictionaryVr(tag);
      const value = VALUES[vr];
      if (value !== undefined && tag >>> 16 > 0x0002) header[tagKey(tag)] = { vr, Value: [value] };
    }
    const made = madeUpSource();
    return { ...made, header: { ...header, ...made.header }, lossy: { ratios: ['10'], methods: ['ISO_10918_1'] } };
  }

  function rejectionNote(header: Header): Uint8Array {
    return writeRejectionNote({
      source: header,
      rejected: {
        studyInstanceUid: '1.2.1',
        seriesInstanceUid: '1.2.2',
        sopInstanceUid: '1.2.3',
        sopClassUid: SOP_CLASS.SegmentationStorage,
      },
      sopInstanceUid: '1.2.4',
      seriesInstanceUid: '1.2.5',
      seriesNumber: 1,
      contentDate: '20260101',
      contentTime: '120000',
      equipment: { manufacturer: 'Anteroom', modelName: 'Anteroom', deviceSerialNumber: '1', softwareVersions: ['1'] },
      observerUid: '1.2.6',
      description: 'replaced',
    });
  }
});
