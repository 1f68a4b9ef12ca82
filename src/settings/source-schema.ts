/** The sources of config/anteroom.yaml: where studies can be asked for and pulled from. */
import { z } from 'zod';
import { endpointName, webEndpointFields, type PathSchema } from './endpoint-schema.js';
import { aeTitle, port, seconds, text } from './fields.js';

const pulling = {
  timeoutS: seconds().default(60).describe('Seconds without any progress after which a query or a pull counts as broken.'),
  concurrency: z.int().min(1).max(16).default(2).describe('Objects (or series, where whole ones are pulled) at the same time.'),
  instancesPerS: z
    .number()
    .positive()
    .optional()
    .describe('Most instances per second that are pulled (`dicomweb`), to spare the source; no limit where it is left out.'),
  maxMatches: z.int().min(1).max(10_000).default(100).describe('Studies that one query may match; more is refused as too wide.'),
  attempts: z.int().min(1).max(100).default(5).describe('How often a pull is tried before it counts as failed.'),
};

const dimse = z.strictObject({
  kind: z.literal('dimse'),
  host: text().describe('Host name or address of the source (C-FIND and C-MOVE).'),
  port: port().min(1).describe('Its DICOM port.'),
  aeTitle: aeTitle().describe('Its AE title (the called one).'),
  callingAe: aeTitle().optional().describe('The AE title that we call with; our own where it is left out.'),
  moveTo: aeTitle()
    .optional()
    .describe('The AE title that it is told to send to; our own where it is left out. The source must know its host and port.'),
  ...pulling,
});

/** The schema of `sources`; `path` is the schema of a file name, relative to the settings file. */
export function sourcesSchema(path: PathSchema) {
  const dicomweb = z.strictObject({
    kind: z.literal('dicomweb'),
    ...webEndpointFields(path, 'DICOMweb root (QIDO-RS and WADO-RS); `/studies` is appended.'),
    ...pulling,
  });
  return z.record(endpointName(), z.discriminatedUnion('kind', [dicomweb, dimse], { error: 'must have a kind: dicomweb or dimse' }));
}
