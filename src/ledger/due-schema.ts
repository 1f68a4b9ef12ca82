/** The migration that brings dues. */

/** Outcomes of a rule with which a study version is due a result (`OUTCOME` of `routing/evaluate.ts`). */
export const DUE_OUTCOMES = ['applied', 'waiting for model', 'no series'] as const;

/** Rows of dues out of the JSON of a decision; `from` is a version's row, or where it stands. */
function duesOf(version: string, from = ''): string {
  return `SELECT ${version}.id, j.value ->> '$.rule', j.value ->> '$.model.name', coalesce(j.value ->> '$.shadow', 0), j.value ->> '$.outcome',
      CASE WHEN j.value ->> '$.outcome' = 'no series' THEN j.value ->> '$.reason' END
    FROM ${from} json_each(${version}.decision, '$.rules') j
    WHERE j.value ->> '$.outcome' IN (${DUE_OUTCOMES.map((outcome) => `'${outcome}'`).join(', ')})`;
}

/**
 * What each study version was due: the database itself makes these rows of the decision, in the statement that records it, so
 * that no code can decide a study and forget what it owes. Decisions of before get theirs here.
 */
export const DUES = `
CREATE TABLE dues (
  version_id INTEGER NOT NULL REFERENCES versions (id),
  rule TEXT NOT NULL,
  model_name TEXT NOT NULL,
  shadow INTEGER NOT NULL,
  outcome TEXT NOT NULL,
  -- why no series was fit; NULL where runs answer
  reason TEXT,
  PRIMARY KEY (version_id, rule)
) STRICT, WITHOUT ROWID;

-- the runs that answer it: of this version, or of an earlier one whose input is the same
CREATE TABLE due_runs (
  version_id INTEGER NOT NULL,
  rule TEXT NOT NULL,
  run_id INTEGER NOT NULL REFERENCES runs (id),
  PRIMARY KEY (version_id, rule, run_id),
  FOREIGN KEY (version_id, rule) REFERENCES dues (version_id, rule)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER dues_of_decision AFTER UPDATE OF decision ON versions WHEN NEW.decision IS NOT NULL
BEGIN
  DELETE FROM due_runs WHERE version_id = NEW.id;
  DELETE FROM dues WHERE version_id = NEW.id;
  INSERT INTO dues ${duesOf('NEW')};
END;

INSERT INTO dues ${duesOf('v', 'versions v,')};
INSERT INTO due_runs
  SELECT version_id, rule, run_id FROM (
    SELECT d.version_id, d.rule, (
      SELECT r.id FROM runs r JOIN versions o ON o.id = r.version_id
      WHERE o.study_id = v.study_id AND o.number <= v.number AND r.rule = d.rule AND r.model_name = d.model_name
      ORDER BY o.number DESC LIMIT 1) AS run_id
    FROM dues d JOIN versions v ON v.id = d.version_id WHERE d.outcome <> 'no series')
  WHERE run_id IS NOT NULL;
`;
