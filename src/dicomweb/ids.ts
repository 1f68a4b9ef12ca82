/** The levels of a DICOMweb path (PS3.18 8.2), for client and server. */

export interface StudyIds {
  readonly studyInstanceUid: string;
}

export interface SeriesIds extends StudyIds {
  readonly seriesInstanceUid: string;
}

export interface InstanceIds extends SeriesIds {
  readonly sopInstanceUid: string;
}

/** A study, or one series or instance of it. */
export type LevelIds = StudyIds & Partial<InstanceIds>;

/** `/studies/…[/series/…[/instances/…]]` */
export function levelPath(ids: LevelIds): string {
  const study = `/studies/${encodeURIComponent(ids.studyInstanceUid)}`;
  if (ids.seriesInstanceUid === undefined) return study;
  const series = `${study}/series/${encodeURIComponent(ids.seriesInstanceUid)}`;
  return ids.sopInstanceUid === undefined ? series : `${series}/instances/${encodeURIComponent(ids.sopInstanceUid)}`;
}
