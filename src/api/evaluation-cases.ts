/** Cases of evaluations: copies that are taken in of files, and studies that the node has already. */
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { dataFolders } from '../archive/folders.js';
import { otherUid, withOtherUids } from '../dicom/element/other-uids.js';
import { TAG, tagKey } from '../dicom/element/tags.js';
import { firstText } from '../dicom/header.js';
import { condition, type Condition } from '../dicom/query/match.js';
import { matchingStudies } from '../dicom/query/levels.js';
import type { EpochMs } from '../foundation/clock.js';
import { AnteroomError } from '../foundation/errors.js';
import { forgetSenders } from '../ledger/associations.js';
import type { Db } from '../ledger/database.js';
import {
  cancelWaitingRuns,
  completeEvaluationStudy,
  ensureEvaluationStudy,
  evaluationStudy,
  OTHER_IMAGES,
  recordAsked,
} from '../ledger/evaluations.js';
import { stopAskingForCount } from '../ledger/expected-counts.js';
import { headerOf, instancesOfVersion } from '../ledger/instances.js';
import type { ModelRow } from '../ledger/models.js';
import { versionAsRehearsed } from '../ledger/series-facts.js';
import { findStudy, type StudyRow } from '../ledger/studies.js';
import { lastVersion, settleStudy } from '../ledger/versions.js';
import { inputsOnCard } from '../routing/active-models.js';
import { cardRefusal } from '../routing/card-gate.js';
import { storedFacts } from '../routing/stored-facts.js';
import { archivePort } from './archive-port.js';
import type { NodePort } from './node-port.js';

/** What a case is run on. */
export interface TakenCase {
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
}

export interface CaseFiles {
  readonly evaluation: string;
  readonly caseName: string;
  /** Of one series of one study. */
  readonly studyInstanceUid: string;
  readonly seriesInstanceUid: string;
  /** Absolute paths. */
  readonly files: readonly string[];
}

/**
 * Takes the files of a case into the archive, as a study of the node's own: under other UIDs, so that it can neither be taken for a study of a
 * patient's care nor keep one from being received, and with no rule asked. Doing it twice is doing it once, unless the files are others the second time.
 * @throws {AnteroomError} FILE_UNREADABLE, what the door refuses, INSTANCE_CONFLICT where the copy is held, since the files contradict each other, and
 * STUDY_KEPT where the files are others and a model is at work on the copy of those that were
 */
export async function takeInCase(node: NodePort, wanted: CaseFiles): Promise<TakenCase> {
  const { db, bell, clock } = node;
  const { evaluation, caseName, files } = wanted;
  const copy = `${evaluation} ${caseName}`;
  const studyInstanceUid = otherUid(wanted.studyInstanceUid, copy);
  const seriesInstanceUid = otherUid(wanted.seriesInstanceUid, copy);
  const row = ensureEvaluationStudy(db, {
    study_instance_uid: studyInstanceUid,
    evaluation,
    case_name: caseName,
    series_instance_uid: seriesInstanceUid,
  });
  recordAsked(db, evaluation, clock());
  const before = findStudy(db, studyInstanceUid);
  const isWhole = row.complete_at !== null && before?.state === 'settled';
  if (isWhole && (await isOf(before, files, row.complete_at, db))) return { studyInstanceUid, seriesInstanceUid };
  // Of an earlier try: the files have been changed since, or may have been put right.
  if (isWhole || before?.state === 'held') {
    cancelWaitingRuns(db, before.id, OTHER_IMAGES, clock());
    await node.keeping.purge(studyInstanceUid);
  }
  completeEvaluationStudy(db, studyInstanceUid, null);
  for (const file of files) await node.storeCopy(withOtherUids(await bytesOf(file), copy));
  db.transaction(() => {
    const { id, state, hold_reason } = findStudy(db, studyInstanceUid) as StudyRow;
    if (state === 'held') throw new AnteroomError('INSTANCE_CONFLICT', `case ${caseName}: ${hold_reason ?? 'its copy is held'}`);
    // Where the stage was quicker, the study has settled already.
    settleStudy(db, id, { signal: 'evaluation', detail: `all ${files.length} files of case ${caseName} are copied` }, clock());
    forgetSenders(db, id);
    stopAskingForCount(db, id);
    completeEvaluationStudy(db, studyInstanceUid, clock());
  });
  bell.ring('routing');
  return { studyInstanceUid, seriesInstanceUid };
}

/** Whether a copy still is of these files: none was changed, moved here or taken away since it was made. */
async function isOf(copy: StudyRow, files: readonly string[], completeAt: EpochMs, db: Db): Promise<boolean> {
  const version = lastVersion(db, copy.id);
  if (version === undefined || files.length < instancesOfVersion(db, version.id).length) return false;
  const seen = await Promise.all(files.map((file) => stat(file).catch(() => undefined)));
  return seen.every((one) => one !== undefined && one.ctimeMs <= completeAt);
}

async function bytesOf(file: string): Promise<Buffer> {
  try {
    return await readFile(file);
  } catch (cause) {
    throw new AnteroomError('FILE_UNREADABLE', file, { cause });
  }
}

/** Attributes of studies, as a search names them; wildcards and ranges as in QIDO-RS. */
export interface StudySearch {
  readonly studyInstanceUid?: string | undefined;
  readonly patientId?: string | undefined;
  readonly accessionNumber?: string | undefined;
  readonly studyDate?: string | undefined;
  readonly studyDescription?: string | undefined;
  readonly modality?: string | undefined;
}

const SEARCHED: Readonly<Record<keyof StudySearch, number>> = {
  studyInstanceUid: TAG.StudyInstanceUID,
  patientId: TAG.PatientID,
  accessionNumber: TAG.AccessionNumber,
  studyDate: TAG.StudyDate,
  studyDescription: TAG.StudyDescription,
  modality: TAG.ModalitiesInStudy,
};

/** A study with the series that models could take. */
export interface FoundCase {
  readonly studyInstanceUid: string;
  readonly patientId: string;
  readonly series: readonly FoundSeries[];
}

export interface FoundSeries {
  readonly seriesInstanceUid: string;
  readonly modality: string;
  readonly description: string;
  readonly instances: number;
  /** Why models do not take it, by their cards. */
  readonly refusals: readonly string[];
  /** Absolute paths of its instances. */
  readonly files: readonly string[];
}

/** The settled studies of the archive that match; copies for evaluations are none of them. */
export function findCases(node: NodePort, search: StudySearch, models: readonly ModelRow[]): FoundCase[] {
  const { db } = node;
  const { archive: archiveFolder } = dataFolders(node.keeping.dataFolder);
  const conditions = (Object.keys(SEARCHED) as (keyof StudySearch)[]).flatMap((key): Condition[] => {
    const value = search[key];
    return value === undefined ? [] : [condition([SEARCHED[key]], value, key)];
  });
  const named = search.studyInstanceUid === undefined ? {} : { studyInstanceUids: [search.studyInstanceUid] };
  const archive = archivePort(db, archiveFolder, () => Promise.reject(new AnteroomError('INTERNAL', 'a search stores nothing')));
  const found: FoundCase[] = [];
  for (const hit of matchingStudies(archive, conditions, named)) {
    const study = hit && findStudy(db, hit.ids.studyInstanceUid);
    if (study?.state === 'settled' && evaluationStudy(db, study.study_instance_uid) === undefined)
      found.push(caseOf(db, study, { archiveFolder, modality: search.modality, models }));
  }
  return found;
}

interface Looking {
  readonly archiveFolder: string;
  readonly modality: string | undefined;
  readonly models: readonly ModelRow[];
}

function caseOf(db: Db, study: StudyRow, { archiveFolder, modality, models }: Looking): FoundCase {
  const version = lastVersion(db, study.id);
  const instances = version === undefined ? [] : instancesOfVersion(db, version.id);
  const rehearsed = version && versionAsRehearsed(db, version.id);
  const facts = rehearsed === undefined ? [] : storedFacts(db, [rehearsed]);
  const bySeries = new Map<string, typeof instances>();
  for (const instance of instances)
    bySeries.set(instance.series_instance_uid, [...(bySeries.get(instance.series_instance_uid) ?? []), instance]);
  const series = [...bySeries].map(([seriesInstanceUid, rows]): FoundSeries => {
    const header = headerOf(rows[0]);
    const known = facts[0]?.series.find((one) => one.seriesInstanceUid === seriesInstanceUid);
    const refusals = models.flatMap((model) => {
      const inputs = inputsOnCard(model);
      const why = known && inputs && cardRefusal(known, 'series', { inputs });
      return why === undefined ? [] : [`${model.name}: ${why}`];
    });
    return {
      seriesInstanceUid,
      modality: firstText(header, tagKey(TAG.Modality)) ?? '',
      description: firstText(header, tagKey(TAG.SeriesDescription)) ?? '',
      instances: rows.length,
      refusals,
      files: rows.map(({ path }) => join(archiveFolder, path)),
    };
  });
  return {
    studyInstanceUid: study.study_instance_uid,
    patientId: instances[0]?.patient_id ?? '',
    series: series.filter((one) => modality === undefined || one.modality === modality),
  };
}
