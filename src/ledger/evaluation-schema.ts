/** Tables of evaluations. */

/** True of a study `s` of a patient's care: the copy of a case is asked no rule and due nothing. */
export const FOR_PATIENTS = 'NOT EXISTS (SELECT 1 FROM evaluation_studies e WHERE e.study_instance_uid = s.study_instance_uid)';

/** The migration that brings evaluations: models run over cases in order to be compared, of which nothing ever leaves the node. */
export const EVALUATIONS = `
-- the node's own copies of cases that came in as files; entered before the first instance is there
CREATE TABLE evaluation_studies (
  study_instance_uid TEXT PRIMARY KEY,
  -- whose comparison it is, and the case's name there
  evaluation TEXT NOT NULL,
  case_name TEXT NOT NULL,
  -- the series that the models take
  series_instance_uid TEXT NOT NULL,
  -- when all of its instances were there; NULL: they are still being copied
  complete_at INTEGER
) STRICT, WITHOUT ROWID;

-- a case is run once by each model, however often the command is given
CREATE TABLE evaluation_runs (
  evaluation TEXT NOT NULL,
  case_name TEXT NOT NULL,
  model_id INTEGER NOT NULL REFERENCES models (id),
  run_id INTEGER NOT NULL REFERENCES runs (id),
  PRIMARY KEY (evaluation, case_name, model_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX evaluation_runs_of_run ON evaluation_runs (run_id);

-- such a copy belongs to no patient's care: nothing clinical can be made of it
CREATE TRIGGER runs_of_evaluation_studies BEFORE INSERT ON runs
WHEN NEW.purpose = 'clinical' AND EXISTS (SELECT 1 FROM versions v JOIN studies s ON s.id = v.study_id
  JOIN evaluation_studies e ON e.study_instance_uid = s.study_instance_uid WHERE v.id = NEW.version_id)
BEGIN SELECT RAISE(ABORT, 'a copy for an evaluation has no clinical runs'); END;
`;

/** The migration that brings when somebody has last asked for an evaluation: until then a run's due time had told. */
export const EVALUATION_ASKED = `
CREATE TABLE evaluations (
  evaluation TEXT PRIMARY KEY,
  -- at most an hour too early
  asked_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO evaluations SELECT x.evaluation, max(r.due_at) FROM evaluation_runs x JOIN runs r ON r.id = x.run_id GROUP BY x.evaluation;
`;
