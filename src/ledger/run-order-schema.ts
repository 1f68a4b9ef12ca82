/** The migration that brings what a run needs to know to be run in order: its rule's wishes, what it is equal to, what is paused. */

/** A lane is made of runs about which every question of the queue has the same answer: only the first of each is looked at. */
export const RUN_ORDER = `
-- another workflow of the model than that of its package
ALTER TABLE runs ADD COLUMN workflow TEXT;
-- its results are kept and never delivered: a trigger refuses it
ALTER TABLE runs ADD COLUMN shadow INTEGER NOT NULL DEFAULT 0 CHECK (shadow IN (0, 1));
-- JSON of the rule: when it may start, and how many of the rule may run
ALTER TABLE runs ADD COLUMN window TEXT;
ALTER TABLE runs ADD COLUMN limits TEXT;
-- who sent the study, when the run was made
ALTER TABLE runs ADD COLUMN calling_ae TEXT NOT NULL DEFAULT '';
-- the run whose result stands for this one's as well, or that it waits for meanwhile
ALTER TABLE runs ADD COLUMN same_as INTEGER REFERENCES runs (id);
-- of input, model and settings, known as soon as it could start
ALTER TABLE runs ADD COLUMN input_hash TEXT;
-- a person wants it run although the same has been done
ALTER TABLE runs ADD COLUMN again INTEGER NOT NULL DEFAULT 0 CHECK (again IN (0, 1));
-- the GPU that it was given
ALTER TABLE runs ADD COLUMN gpu INTEGER;
-- a rule may make several runs of one version, each of other series
ALTER TABLE runs ADD COLUMN series_key TEXT NOT NULL DEFAULT '';
-- the run that the same rule made of a later version of the study in its place
ALTER TABLE runs ADD COLUMN replaced_by INTEGER REFERENCES runs (id);
ALTER TABLE runs ADD COLUMN lane TEXT AS (json_array(priority, model_id, rule, window, limits,
  CASE WHEN json_extract(limits, '$.perSource') IS NULL THEN NULL ELSE calling_ae END)) VIRTUAL;

UPDATE runs SET series_key = coalesce((SELECT group_concat(name || '=' || series_instance_uid, ' ')
  FROM (SELECT name, series_instance_uid FROM run_inputs WHERE run_id = runs.id ORDER BY name)), '');
UPDATE runs SET calling_ae = coalesce((SELECT s.calling_ae FROM versions v JOIN studies s ON s.id = v.study_id WHERE v.id = runs.version_id), '');
UPDATE runs SET replaced_by = (SELECT later.id FROM runs later JOIN versions lv ON lv.id = later.version_id JOIN versions own ON own.id = runs.version_id
  WHERE lv.study_id = own.study_id AND lv.number > own.number AND later.rule = runs.rule AND later.model_name = runs.model_name
  ORDER BY lv.number DESC LIMIT 1) WHERE rule IS NOT NULL;

DROP INDEX runs_once;
CREATE UNIQUE INDEX runs_once ON runs (version_id, rule, model_name, series_key) WHERE rule IS NOT NULL;
CREATE INDEX runs_by_lane ON runs (lane, due_at, id) WHERE state = 'queued';
CREATE INDEX runs_started_by_rule ON runs (rule, started_at) WHERE rule IS NOT NULL AND started_at IS NOT NULL;
CREATE INDEX runs_ended_by_model ON runs (model_id, ended_at) WHERE ended_at IS NOT NULL;
CREATE INDEX runs_by_hash ON runs (input_hash) WHERE input_hash IS NOT NULL;
CREATE INDEX runs_replaced ON runs (replaced_by) WHERE replaced_by IS NOT NULL;
CREATE INDEX runs_same ON runs (same_as) WHERE same_as IS NOT NULL;

-- why the circuit breaker suspended it, since when, and since when its failures count
ALTER TABLE models ADD COLUMN suspended_reason TEXT;
ALTER TABLE models ADD COLUMN suspended_at INTEGER;
ALTER TABLE models ADD COLUMN trusted_since INTEGER NOT NULL DEFAULT 0;

-- what a person has stopped for a while
CREATE TABLE pauses (
  kind TEXT NOT NULL CHECK (kind IN ('model', 'rule', 'destination', 'all')),
  -- empty for all
  name TEXT NOT NULL,
  reason TEXT,
  by TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (kind, name)
) STRICT, WITHOUT ROWID;

-- a result may be that of several runs: of the one that made it, and of those to which it was the same
CREATE TRIGGER deliveries_never_of_shadow BEFORE INSERT ON deliveries
WHEN (SELECT shadow FROM runs JOIN results ON results.run_id = runs.id WHERE results.id = NEW.result_id) = 1
  AND NOT EXISTS (SELECT 1 FROM results x JOIN runs r ON r.same_as = x.run_id
    WHERE x.id = NEW.result_id AND r.shadow = 0 AND r.purpose = 'clinical' AND r.state = 'done')
BEGIN SELECT RAISE(ABORT, 'a shadow run cannot deliver'); END;
`;
