/** The destinations of config/anteroom.yaml: where results go. */
import { z } from 'zod';
import { endpointName, tlsSchema, webEndpointFields, type PathSchema } from './endpoint-schema.js';
import { aeTitle, port, seconds, text } from './fields.js';

/** The name of the destination that is always there: the node's own archive. */
export const ARCHIVE_DESTINATION = 'archive';

const research = () =>
  z
    .boolean()
    .default(false)
    .describe('True where nobody treats patients by what is there: models that are for research only may send to it.');

const segmentation = () =>
  z
    .enum(['binary', 'labelmap'])
    .default('binary')
    .describe(
      'The form in which segmentations are sent there: `binary`, which every PACS with segmentations takes, or `labelmap` (Label Map Segmentation Storage, ' +
        'deflated) where the destination is known to take it: viewers load it faster, and frames of any size are shown right. Segments that overlap go as `binary` all the same.',
    );

const outbox = {
  research: research(),
  segmentation: segmentation(),
  timeoutS: seconds().default(60).describe('Seconds without any progress after which a delivery counts as broken.'),
  concurrency: z.int().min(1).max(64).default(2).describe('Deliveries to this destination at the same time.'),
  retry: z
    .strictObject({
      firstDelayS: seconds().default(5).describe('Wait before the second attempt; it doubles with each further one, with jitter.'),
      maxDelayS: seconds().default(900).describe('Longest wait between two attempts.'),
      holdAfterH: z
        .number()
        .positive()
        .default(72)
        .describe('Hours of failing after which a delivery is held for a person; nothing is ever dropped.'),
    })
    .prefault({}),
};

const MARK_ONLY = { kind: 'mark-only' } as const;

/** How a result that a later version has replaced is taken back. */
function withdrawSchema(path: PathSchema) {
  const markOnly = z.strictObject({
    kind: z
      .literal('mark-only')
      .describe(
        'What becomes of a delivered result when a later version of the study has another in its place, and that one is proven present: ' +
          '`mark-only` leaves it there and says so, `delete` removes it over REST, `iocm-kos` sends an IHE IOCM rejection note.',
      ),
  });
  const rejectionNote = z.strictObject({ kind: z.literal('iocm-kos') });
  const remove = z.strictObject({
    kind: z.literal('delete'),
    api: z
      .enum(['orthanc', 'dicomweb'])
      .default('orthanc')
      .describe("`delete`: Orthanc's own REST, or DELETE on the instance below a DICOMweb root, as some archives offer."),
    ...webEndpointFields(path, 'The root of that interface, such as `http://pacs:8042`.'),
  });
  return z
    .discriminatedUnion('kind', [markOnly, rejectionNote, remove], { error: 'must have a kind: mark-only, delete or iocm-kos' })
    .prefault(MARK_ONLY);
}

const archive = z.strictObject({ kind: z.literal('archive'), research: research(), segmentation: segmentation() });

function cstoreSchema(path: PathSchema) {
  return z
    .strictObject({
      kind: z.literal('cstore'),
      host: text().describe('Host name or address of the destination.'),
      port: port().min(1).describe('Its DICOM port.'),
      aeTitle: aeTitle().describe('Its AE title (the called one).'),
      callingAe: aeTitle().optional().describe('The AE title that we call with; `dimse.aeTitle` where it is left out.'),
      proof: z
        .enum(['cfind', 'commitment', 'none'])
        .default('cfind')
        .describe(
          'How arrival is proven: `cfind` asks for the SOPInstanceUID, `commitment` asks for storage commitment (the destination must know our host and port), `none` trusts the C-STORE status.',
        ),
      tls: tlsSchema(path).optional(),
      withdraw: withdrawSchema(path),
      ...outbox,
    })
    .refine(
      ({ proof, withdraw }) => proof !== 'none' || withdraw.kind === 'mark-only',
      'withdraw needs proof: cfind: an earlier result is withdrawn only when the newer one is proven present',
    );
}

/** The destinations that take segmentations as label maps. */
export function takingLabelMaps(destinations: Readonly<Record<string, { readonly segmentation: string }>>): ReadonlySet<string> {
  return new Set(Object.keys(destinations).filter((name) => destinations[name].segmentation === 'labelmap'));
}

/** The schema of `destinations`; `path` is the schema of a file name, relative to the settings file. */
export function destinationsSchema(path: PathSchema) {
  const stow = z.strictObject({
    kind: z.literal('stow'),
    ...webEndpointFields(path, 'DICOMweb root; `/studies` is appended.'),
    withdraw: withdrawSchema(path),
    ...outbox,
  });
  return z
    .record(
      endpointName(),
      z.discriminatedUnion('kind', [stow, cstoreSchema(path), archive], { error: 'must have a kind: stow, cstore or archive' }),
    )
    .refine(archiveIsOurs, {
      error: `"${ARCHIVE_DESTINATION}" is the node's own archive, and the only destination of that kind`,
      // Also beside other faults, so that all are told at once.
      when: () => true,
    });
}

/** `archive` is of that kind, and no other destination is. The entries may be anything. */
function archiveIsOurs(destinations: unknown): boolean {
  if (typeof destinations !== 'object' || destinations === null) return true;
  return Object.entries(destinations as Record<string, unknown>).every(([name, entry]) => {
    const kind = typeof entry === 'object' && entry !== null && 'kind' in entry ? entry.kind : undefined;
    return (name === ARCHIVE_DESTINATION) === (kind === 'archive');
  });
}
