/** Writes the report that a result's row asks for: our own Comprehensive SR, durable on the disk. */
import { readFile } from 'node:fs/promises';
import { dicomDateTime } from '../../dicom/date-time.js';
import { parseInstance } from '../../dicom/element/parse.js';
import { TAG, tagKey } from '../../dicom/element/tags.js';
import { encodeDataSet } from '../../dicom/element/write.js';
import { firstText } from '../../dicom/header.js';
import { measurementReport, type Evaluation } from '../../dicom/sr/measurement-report.js';
import type { ContentItem } from '../../dicom/sr/content-item.js';
import { contentHeader } from '../../dicom/sr/encode-content.js';
import { readReport } from '../../dicom/sr/read.js';
import { writeReport, type ReportInput } from '../../dicom/sr/write.js';
import { AnteroomError } from '../../foundation/errors.js';
import { uidFromName } from '../../foundation/ids.js';
import type { ModelRow } from '../../ledger/models.js';
import type { ModelYaml } from '../../models/model-yaml.js';
import { contributorOf, provenanceOf } from '../provenance.js';
import type { MadeResult, ResultOrder } from '../result-order.js';
import { seriesDescriptionOf } from '../series-description.js';
import { writeResult } from '../write-result.js';
import { codeOf } from './map-value.js';
import type { ReportContent } from './report-content.js';

/**
 * Writes the object. What was written is read again and must say the same. Doing it twice gives the same file.
 * @throws {AnteroomError} STORE_FAILED where the disk fails; INTERNAL where the object does not stand its own check.
 */
export async function makeReport(content: ReportContent, order: ResultOrder): Promise<MadeResult> {
  const input = reportInput(content, order);
  const bytes = writeReport(input);
  const written = await writeResult(order.root, order.path, [bytes], async (partPath) => {
    const seen = readReport(parseInstance(await readFile(partPath)).dataset);
    if (Buffer.compare(encoded(seen.root), encoded(measurementReport(input.content))) !== 0)
      throw new AnteroomError('INTERNAL', 'our own report does not say what it was made of');
  });
  return { ...written, summary: { notes: [], measures: measuresOf(content) } };
}

function encoded(root: ContentItem): Uint8Array {
  return encodeDataSet(contentHeader(root));
}

function reportInput({ output = '', source, series, groups, evaluations }: ReportContent, order: ResultOrder): ReportInput {
  const { model, row } = order;
  const { date, time } = dicomDateTime(row.created_at);
  const provenance = provenanceOf(order);
  const contributor = contributorOf(provenance);
  // A later report on the same series keeps the tracking UIDs of groups with the same label; another file tells of other things.
  const namespace = `${series[0].seriesInstanceUid} ${model.name} ${output}`;
  return {
    source,
    identity: {
      studyInstanceUid: firstText(source, tagKey(TAG.StudyInstanceUID)) ?? '',
      sopInstanceUid: row.sop_instance_uid,
      seriesInstanceUid: row.series_instance_uid,
      seriesNumber: row.series_number,
      contentDate: date,
      contentTime: time,
      seriesDescription: seriesDescriptionOf(model),
    },
    content: {
      ...titleOf(model),
      observer: {
        uid: uidFromName(model.digest),
        manufacturer: provenance.model.manufacturer,
        modelName: provenance.model.name,
        version: provenance.model.version,
        digest: model.digest,
      },
      series,
      groups: groups.map((group) => ({ ...group, trackingUid: uidFromName(`${namespace} ${group.label}`) })),
      evaluations,
    },
    equipment: provenance.node,
    contributors: [contributor],
  };
}

/** The title that the package names. */
function titleOf(model: ModelRow): Pick<ReportInput['content'], 'title'> {
  const { reportTitle } = (JSON.parse(model.package) as ModelYaml).outputs;
  return reportTitle === undefined ? {} : { title: codeOf(reportTitle) };
}

/** Every number and answer in words, for people who do not open the object. */
function measuresOf({ groups, evaluations }: ReportContent): string[] {
  const answers = (given: readonly Evaluation[]) =>
    given.map(({ name, value }) => `${name.meaning}: ${typeof value === 'string' ? value : value.meaning}`);
  const inGroups = groups.flatMap(({ label, measurements, evaluations: own }) =>
    [
      ...measurements.map(
        ({ name, value, unit }) => `${name.meaning}: ${typeof value === 'number' ? `${value} ${unit.value}` : value.meaning}`,
      ),
      ...answers(own),
    ].map((line) => `${label}: ${line}`),
  );
  return [...inGroups, ...answers(evaluations)];
}
