/** A study on its way through a node, as its sender and a PACS see it: storescu, the run's end, the segmentation in an Orthanc. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { DeliveryView, RunView } from '../../src/api/views.js';
import { parseInstance } from '../../src/dicom/element/parse.js';
import { readSeg } from '../../src/dicom/seg/read.js';
import type { Segmentation } from '../../src/dicom/seg/segmentation.js';
import { rgbFromLab } from '../../src/dicom/structures/cielab.js';
import { structureByCodes } from '../../src/dicom/structures/table.js';
import { dcmtk } from './dcmtk.js';
import type { TestNode } from './node.js';
import type { Orthanc } from './orthanc.js';
import { storedFile, storedInstances } from './orthanc-rest.js';
import { until } from './until.js';

/** The files of a folder that are called `*.dcm`, however deep they lie. */
export function dicomFiles(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith('.dcm'))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Sends each file in its own transfer syntax (`options` name those that storescu shall propose); fails unless all were taken. */
export async function storescu(node: Pick<TestNode, 'dicomPort'>, files: readonly string[], ...options: string[]): Promise<void> {
  const sent = await dcmtk('storescu', ...options, '-R', '-aec', 'ANTEROOM', '127.0.0.1', String(node.dicomPort), ...files);
  if (sent.code !== 0) throw new Error(`storescu ends with ${String(sent.code)}: ${sent.output}`);
}

const ENDED = ['done', 'failed', 'rejected', 'cancelled'];

/** The run of a model on a study, when it has ended. */
export function endedRun(node: TestNode, study: string, model: string, deadlineMs = 180_000): Promise<RunView> {
  return until(
    `the run of ${model} to end`,
    async () => (await node.admin.get<RunView[]>(`/runs?study=${study}`)).find((run) => run.model === model && ENDED.includes(run.state)),
    deadlineMs,
  );
}

/** All deliveries of a study, when there are this many and all have arrived. */
export function arrived(node: TestNode, study: string, count: number): Promise<DeliveryView[]> {
  return until('all deliveries', async () => {
    const all = await node.admin.get<DeliveryView[]>(`/deliveries?study=${study}`);
    return all.length === count && all.every(({ state }) => state === 'delivered') && all;
  });
}

/** The segmentations of a study in an Orthanc. */
export async function segsIn(orthanc: Orthanc, study: string): Promise<Buffer[]> {
  const segs = (await storedInstances(orthanc)).filter(
    ({ modality, studyInstanceUid }) => modality === 'SEG' && studyInstanceUid === study,
  );
  return Promise.all(segs.map(({ orthancId }) => storedFile(orthanc, orthancId)));
}

/** What each segment is by its codes, its label, and its colour (red, green, blue). */
export function segmentsOf(file: Uint8Array): { id: string | undefined; label: string; colour: readonly number[] | undefined }[] {
  return readSegOf(file).segments.map(({ codes, label, cielab }) => ({
    id: structureByCodes(codes)?.id,
    label,
    colour: cielab && rgbFromLab(cielab),
  }));
}

export function readSegOf(file: Uint8Array): Segmentation {
  return readSeg(parseInstance(file));
}
