/**
 * The tables. Forward-only migrations, each in one transaction; `PRAGMA user_version` counts them.
 * A published migration is never edited: add the next one.
 */
import { CATALOGUE } from './catalogue-schema.js';
import { COMMITMENT } from './commitment-schema.js';
import { DUES } from './due-schema.js';
import { EVALUATION_ASKED, EVALUATIONS } from './evaluation-schema.js';
import { LABEL_MAPS } from './label-map-schema.js';
import { MAKINGS } from './makings-schema.js';
import { MODEL_ORIGIN } from './model-origin-schema.js';
import { MODEL_TRUST } from './model-trust-schema.js';
import { RUN_ORDER } from './run-order-schema.js';
import { stateCheckSql } from './states.js';
import { FETCHES } from './fetch-schema.js';
import { RULE_CHANGES } from './revision-schema.js';
import { SERIES_FACTS } from './series-facts-schema.js';
import { TOLD } from './told-schema.js';
import { UNDECIDED_LEFTOVERS, WITHDRAWALS } from './withdrawal-schema.js';

const FIRST = `
CREATE TABLE node (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE studies (
  id INTEGER PRIMARY KEY,
  study_instance_uid TEXT NOT NULL UNIQUE,
  state TEXT NOT NULL ${stateCheckSql('studies')},
  -- instances of other makers than this node: only these settle and are decided
  instance_count INTEGER NOT NULL DEFAULT 0,
  first_received_at INTEGER NOT NULL,
  last_received_at INTEGER NOT NULL,
  settle_at INTEGER,
  calling_ae TEXT NOT NULL,
  called_ae TEXT NOT NULL,
  remote_address TEXT NOT NULL,
  hold_reason TEXT
) STRICT;
CREATE INDEX studies_due ON studies (settle_at) WHERE state = 'receiving';
CREATE INDEX studies_recent ON studies (last_received_at);

CREATE TABLE instances (
  id INTEGER PRIMARY KEY,
  study_id INTEGER NOT NULL REFERENCES studies (id),
  series_instance_uid TEXT NOT NULL,
  sop_instance_uid TEXT NOT NULL,
  sop_class_uid TEXT NOT NULL,
  transfer_syntax_uid TEXT NOT NULL,
  -- relative to the archive's folder
  path TEXT NOT NULL UNIQUE,
  size_bytes INTEGER NOT NULL,
  -- of the data set as received, without file meta
  sha256 TEXT NOT NULL,
  -- instances of one study that disagree on it hold the study
  patient_id TEXT NOT NULL,
  -- made by this node: kept and served, never a member of a study version
  own_result INTEGER NOT NULL DEFAULT 0,
  received_at INTEGER NOT NULL,
  calling_ae TEXT NOT NULL,
  remote_address TEXT NOT NULL,
  -- current: the one that is served; replaced: corrected by a later one; conflict: other pixels under the same UID, kept aside
  standing TEXT NOT NULL DEFAULT 'current' CHECK (standing IN ('current', 'replaced', 'conflict')),
  -- DICOM JSON model (PS3.18 F) without bulk; last, so that what asks for the other columns does not read its pages
  header TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX instances_current ON instances (sop_instance_uid) WHERE standing = 'current';
CREATE INDEX instances_of_study ON instances (study_id, series_instance_uid);
CREATE INDEX instances_counted ON instances (study_id) WHERE standing = 'current' AND own_result = 0;

CREATE TABLE versions (
  id INTEGER PRIMARY KEY,
  study_id INTEGER NOT NULL REFERENCES studies (id),
  number INTEGER NOT NULL,
  state TEXT NOT NULL ${stateCheckSql('versions')},
  -- what made the study settle: quiet-time, manual, …
  signal TEXT NOT NULL,
  settled_at INTEGER NOT NULL,
  decided_at INTEGER,
  rules_revision TEXT,
  -- the decision with every rule and clause (JSON), kept as long as the study's row
  decision TEXT,
  UNIQUE (study_id, number)
) STRICT;
CREATE INDEX versions_undecided ON versions (settled_at) WHERE state = 'settled';

CREATE TABLE version_instances (
  version_id INTEGER NOT NULL REFERENCES versions (id),
  instance_id INTEGER NOT NULL REFERENCES instances (id),
  PRIMARY KEY (version_id, instance_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE rule_revisions (
  revision TEXT PRIMARY KEY,
  -- the files as they were: JSON {file name: text}
  files TEXT NOT NULL,
  -- when it was last put in force
  in_force_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE models (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  version TEXT NOT NULL,
  state TEXT NOT NULL ${stateCheckSql('models')},
  -- of the image, or of the package's files where a model has no image
  digest TEXT NOT NULL,
  card TEXT NOT NULL,
  package TEXT NOT NULL,
  folder TEXT,
  -- who made it active without a passed test, and why
  override_reason TEXT,
  registered_at INTEGER NOT NULL,
  UNIQUE (name, digest)
) STRICT;
CREATE UNIQUE INDEX models_one_in_use ON models (name) WHERE state IN ('active', 'suspended');

CREATE TABLE runs (
  id INTEGER PRIMARY KEY,
  -- an evaluation's run can never own a delivery: a trigger refuses it
  purpose TEXT NOT NULL CHECK (purpose IN ('clinical', 'evaluation')),
  version_id INTEGER NOT NULL REFERENCES versions (id),
  -- NULL: asked for by hand
  rule TEXT,
  rules_revision TEXT,
  model_name TEXT NOT NULL,
  -- the version that the rule asks for; NULL: any
  model_version TEXT,
  -- pinned when the run is queued; NULL while it waits for its model
  model_id INTEGER REFERENCES models (id),
  settings TEXT NOT NULL,
  destinations TEXT NOT NULL,
  priority INTEGER NOT NULL,
  state TEXT NOT NULL ${stateCheckSql('runs')},
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  cancel_requested INTEGER NOT NULL DEFAULT 0,
  -- why it is not done: catalogue code and one sentence
  failure_code TEXT,
  reason TEXT,
  progress REAL,
  progress_text TEXT,
  created_at INTEGER NOT NULL,
  started_at INTEGER,
  ended_at INTEGER
) STRICT;
CREATE UNIQUE INDEX runs_once ON runs (version_id, rule, model_name) WHERE rule IS NOT NULL;
CREATE INDEX runs_due ON runs (state, priority, due_at, id);
CREATE INDEX runs_of_version ON runs (version_id);

CREATE TABLE run_inputs (
  run_id INTEGER NOT NULL REFERENCES runs (id),
  -- the model's name for this input; 'series' where it takes one
  name TEXT NOT NULL,
  series_instance_uid TEXT NOT NULL,
  PRIMARY KEY (run_id, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempts (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES runs (id),
  number INTEGER NOT NULL,
  -- the container's name, fixed before it exists
  container TEXT NOT NULL UNIQUE,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  exit_code INTEGER,
  peak_memory_bytes INTEGER,
  outcome TEXT,
  UNIQUE (run_id, number)
) STRICT;

CREATE TABLE outputs (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES runs (id),
  attempt_id INTEGER NOT NULL REFERENCES attempts (id),
  -- relative to the attempt's output folder
  path TEXT NOT NULL,
  kind TEXT NOT NULL,
  size_bytes INTEGER NOT NULL,
  sha256 TEXT NOT NULL,
  UNIQUE (attempt_id, path)
) STRICT;

CREATE TABLE results (
  id INTEGER PRIMARY KEY,
  run_id INTEGER NOT NULL REFERENCES runs (id),
  output_id INTEGER REFERENCES outputs (id),
  state TEXT NOT NULL ${stateCheckSql('results')},
  -- the object's name before it exists: making it twice makes the same object
  sop_class_uid TEXT NOT NULL,
  sop_instance_uid TEXT NOT NULL UNIQUE,
  series_instance_uid TEXT NOT NULL UNIQUE,
  series_number INTEGER NOT NULL,
  created_at INTEGER NOT NULL,
  -- relative to the folder of results
  path TEXT,
  size_bytes INTEGER,
  sha256 TEXT,
  reason TEXT,
  -- facts about the object for people: JSON (structures, volumes, notes)
  summary TEXT,
  superseded_by INTEGER REFERENCES results (id)
) STRICT;
CREATE INDEX results_of_run ON results (run_id);

CREATE TABLE deliveries (
  id INTEGER PRIMARY KEY,
  result_id INTEGER NOT NULL REFERENCES results (id),
  destination TEXT NOT NULL,
  state TEXT NOT NULL ${stateCheckSql('deliveries')},
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  failure_code TEXT,
  reason TEXT,
  -- how arrival was proven
  receipt TEXT,
  created_at INTEGER NOT NULL,
  delivered_at INTEGER,
  UNIQUE (result_id, destination)
) STRICT;
CREATE INDEX deliveries_due ON deliveries (destination, state, due_at, id);

CREATE TRIGGER deliveries_never_of_evaluation BEFORE INSERT ON deliveries
WHEN (SELECT purpose FROM runs JOIN results ON results.run_id = runs.id WHERE results.id = NEW.result_id) <> 'clinical'
BEGIN SELECT RAISE(ABORT, 'an evaluation cannot deliver'); END;

CREATE TABLE events (
  id INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  table_name TEXT NOT NULL,
  row_id INTEGER NOT NULL,
  from_state TEXT,
  to_state TEXT NOT NULL,
  detail TEXT
) STRICT;
CREATE INDEX events_of_row ON events (table_name, row_id);
`;

const KEEPING = `
-- when its file was given up: the row stays for the versions that name it, without what it said of the patient
ALTER TABLE instances ADD COLUMN purged_at INTEGER;
ALTER TABLE results ADD COLUMN purged_at INTEGER;
-- when the input and output folders of its attempts were deleted; the log stays until the study is purged
ALTER TABLE runs ADD COLUMN work_gone_at INTEGER;
CREATE INDEX runs_with_work ON runs (ended_at) WHERE state = 'done' AND work_gone_at IS NULL;
CREATE INDEX instances_purged ON instances (study_id) WHERE purged_at IS NOT NULL;

CREATE TABLE purges (
  id INTEGER PRIMARY KEY,
  study_id INTEGER NOT NULL REFERENCES studies (id),
  -- age, space, or by-hand
  cause TEXT NOT NULL,
  at INTEGER NOT NULL,
  instance_count INTEGER NOT NULL,
  result_count INTEGER NOT NULL,
  size_bytes INTEGER NOT NULL,
  -- NULL: its files are still being deleted; the next start goes on with it
  files_gone_at INTEGER
) STRICT;
CREATE INDEX purges_of_study ON purges (study_id);
CREATE INDEX purges_unfinished ON purges (id) WHERE files_gone_at IS NULL;

-- a study that anybody keeps is never purged
CREATE TABLE keeps (
  study_id INTEGER NOT NULL REFERENCES studies (id),
  -- who keeps it: person, or the part of the node that needs it
  keeper TEXT NOT NULL,
  reason TEXT NOT NULL,
  since INTEGER NOT NULL,
  PRIMARY KEY (study_id, keeper)
) STRICT, WITHOUT ROWID;
`;

/** What is known of whether a study is complete. */
const COMPLETENESS = `
-- those over which a C-STORE came
CREATE TABLE associations (
  id TEXT PRIMARY KEY,
  calling_ae TEXT NOT NULL,
  called_ae TEXT NOT NULL,
  remote_address TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  -- 0 until its first instance is stored: nobody knows what it is going to bring
  declared INTEGER NOT NULL DEFAULT 0,
  ended_at INTEGER,
  -- only after 'released' did the sender have nothing more to say, and was told of no failure
  ending TEXT CHECK (ending IN ('released', 'refused-some', 'aborted', 'protocol-error', 'timeout', 'shutdown', 'lost', 'forgotten'))
) STRICT, WITHOUT ROWID;
-- stand for doors without associations, and for what was under way when the node ended
INSERT INTO associations VALUES ('none', '', '', '', 0, 1, 0, 'forgotten'), ('forgotten', '', '', '', 0, 1, 0, 'forgotten');
CREATE INDEX associations_open ON associations (calling_ae, remote_address) WHERE ended_at IS NULL;

-- whoever brought instances of a study since it settled last
CREATE TABLE study_senders (
  study_id INTEGER NOT NULL REFERENCES studies (id),
  association_id TEXT NOT NULL REFERENCES associations (id),
  PRIMARY KEY (study_id, association_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX study_senders_of_association ON study_senders (association_id);

-- how many instances of a receiving study a PACS lists
CREATE TABLE expected_counts (
  study_id INTEGER PRIMARY KEY REFERENCES studies (id),
  source TEXT NOT NULL,
  -- when to ask (again)
  ask_at INTEGER,
  attempts INTEGER NOT NULL DEFAULT 0,
  -- the last attempt: when it began, and why there was no answer
  asked_at INTEGER,
  failure TEXT,
  -- the last answer: when it was asked for, and JSON {SeriesInstanceUID: instances}
  answer_asked_at INTEGER,
  series TEXT
) STRICT;
CREATE INDEX expected_counts_due ON expected_counts (ask_at) WHERE ask_at IS NOT NULL;

-- what a receiving study waits for, for people
ALTER TABLE studies ADD COLUMN settle_wait TEXT;
-- what the signal was about: which association, which counts, what was missing
ALTER TABLE versions ADD COLUMN signal_detail TEXT;
`;

/** Queries by patient: C-FIND and C-MOVE in the Patient Root model. */
const PATIENT_INDEX = `
CREATE INDEX instances_of_patient ON instances (patient_id, study_id) WHERE standing = 'current';
`;

/** What searches ask most often, once for each series: they must not parse the header of every one. */
const SERIES_SEARCH = `
CREATE TABLE series_search (
  study_id INTEGER NOT NULL REFERENCES studies (id),
  series_instance_uid TEXT NOT NULL,
  -- the current instance that came first: the series is told by its header
  instance_id INTEGER NOT NULL REFERENCES instances (id),
  patient_id TEXT,
  accession_number TEXT,
  study_date TEXT,
  modality TEXT,
  PRIMARY KEY (study_id, series_instance_uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX series_search_patient ON series_search (patient_id);
CREATE INDEX series_search_accession ON series_search (accession_number);
CREATE INDEX series_search_date ON series_search (study_date);
CREATE INDEX series_search_modality ON series_search (modality);

-- with the standing, so that instances are counted without reading their rows
DROP INDEX instances_of_study;
CREATE INDEX instances_of_study ON instances (study_id, series_instance_uid, standing);

INSERT INTO series_search
  SELECT ${searchColumns('i')} FROM instances i
  WHERE id IN (SELECT min(id) FROM instances WHERE standing = 'current' GROUP BY study_id, series_instance_uid);

CREATE TRIGGER series_search_begins AFTER INSERT ON instances
WHEN NEW.standing = 'current'
  AND NOT EXISTS (SELECT 1 FROM series_search k WHERE k.study_id = NEW.study_id AND k.series_instance_uid = NEW.series_instance_uid)
BEGIN INSERT INTO series_search SELECT ${searchColumns('NEW')}; END;

CREATE TRIGGER series_search_changes AFTER UPDATE OF standing ON instances
WHEN NEW.standing = 'current' OR EXISTS (SELECT 1 FROM series_search k WHERE k.study_id = NEW.study_id AND k.series_instance_uid = NEW.series_instance_uid AND k.instance_id = NEW.id)
BEGIN
  DELETE FROM series_search WHERE study_id = NEW.study_id AND series_instance_uid = NEW.series_instance_uid;
  INSERT INTO series_search SELECT ${searchColumns('i')} FROM instances i
  WHERE id = (
    SELECT min(id) FROM instances
    WHERE study_id = NEW.study_id AND series_instance_uid = NEW.series_instance_uid AND standing = 'current'
  );
END;
`;

/** The columns of series_search out of an instance's row; keys of the header are tags (PS3.18 F.2.2). */
function searchColumns(row: string): string {
  const first = (tag: string) => `CAST(json_extract(${row}.header, '$."${tag}".Value[0]') AS TEXT)`;
  const values = ['00100020', '00080050', '00080020', '00080060'].map(first);
  return [`${row}.study_id`, `${row}.series_instance_uid`, `${row}.id`, ...values].join(', ');
}

const COUNT_GROWTH = `
-- when the first answer was asked for that listed more than was here, if the PACS has listed the same since
ALTER TABLE expected_counts ADD COLUMN ahead_since INTEGER;
`;

export const MIGRATIONS: readonly string[] = [
  FIRST,
  KEEPING,
  COMPLETENESS,
  PATIENT_INDEX,
  SERIES_SEARCH,
  WITHDRAWALS,
  COUNT_GROWTH,
  COMMITMENT,
  FETCHES,
  RUN_ORDER,
  DUES,
  RULE_CHANGES,
  SERIES_FACTS,
  CATALOGUE,
  MODEL_TRUST,
  EVALUATIONS,
  LABEL_MAPS,
  TOLD,
  MODEL_ORIGIN,
  MAKINGS,
  EVALUATION_ASKED,
  UNDECIDED_LEFTOVERS,
];
