/** The migration that brings withdrawals. */
import { stateCheckSql } from './states.js';

/** Results that later versions have outgrown, taken back where they were delivered. */
export const WITHDRAWALS = `
CREATE TABLE withdrawals (
  id INTEGER PRIMARY KEY,
  result_id INTEGER NOT NULL REFERENCES results (id),
  -- what is there in its place
  replaced_by INTEGER NOT NULL REFERENCES results (id),
  destination TEXT NOT NULL,
  method TEXT NOT NULL CHECK (method IN ('delete', 'iocm-kos', 'mark-only')),
  state TEXT NOT NULL ${stateCheckSql('withdrawals')},
  -- the rejection note's names before it exists; used by iocm-kos only
  note_sop_instance_uid TEXT NOT NULL UNIQUE,
  note_series_instance_uid TEXT NOT NULL UNIQUE,
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  failure_code TEXT,
  reason TEXT,
  -- how it was proven that it is withdrawn
  receipt TEXT,
  failing_since INTEGER,
  -- also the rejection note's date
  created_at INTEGER NOT NULL,
  ended_at INTEGER,
  UNIQUE (result_id, destination)
) STRICT;
CREATE INDEX withdrawals_due ON withdrawals (destination, state, due_at, id);
CREATE INDEX results_superseded ON results (id) WHERE state = 'superseded';

CREATE TRIGGER withdrawals_never_of_the_last BEFORE UPDATE OF state ON withdrawals
WHEN NEW.state = 'sending' AND NOT EXISTS (
  SELECT 1 FROM deliveries d WHERE d.result_id = NEW.replaced_by AND d.destination = NEW.destination AND d.state = 'delivered'
    AND NOT EXISTS (SELECT 1 FROM withdrawals w WHERE w.result_id = NEW.replaced_by AND w.destination = NEW.destination
      AND w.state IN ('sending', 'unsure', 'withdrawn')))
BEGIN SELECT RAISE(ABORT, 'what replaces a result must be delivered before that is withdrawn'); END;
`;

const OUTGROWN = `results x JOIN deliveries d ON d.result_id = x.id AND d.state = 'delivered'
  WHERE x.state = 'superseded' AND NOT EXISTS (SELECT 1 FROM withdrawals w WHERE w.result_id = x.id AND w.destination = d.destination)`;

/**
 * Which outgrown results are to be decided about: some may never be withdrawn, and asking about each of them for ever would cost more each year. Whether
 * one may be follows from the runs of its study, their results, and the deliveries and withdrawals of these, of which each move is an event.
 */
export const UNDECIDED_LEFTOVERS = `
CREATE TABLE undecided_leftovers (
  destination TEXT NOT NULL,
  result_id INTEGER NOT NULL REFERENCES results (id),
  PRIMARY KEY (destination, result_id)
) STRICT, WITHOUT ROWID;
INSERT INTO undecided_leftovers SELECT d.destination, x.id FROM ${OUTGROWN};

CREATE TRIGGER leftovers_of_study_undecided AFTER INSERT ON events
WHEN NEW.table_name IN ('runs', 'results', 'deliveries', 'withdrawals')
BEGIN INSERT OR IGNORE INTO undecided_leftovers SELECT d.destination, x.id FROM ${OUTGROWN}
  AND x.run_id IN (SELECT r.id FROM runs moved JOIN versions mv ON mv.id = moved.version_id JOIN versions v ON v.study_id = mv.study_id
    JOIN runs r ON r.version_id = v.id WHERE moved.id = CASE NEW.table_name WHEN 'runs' THEN NEW.row_id
      WHEN 'results' THEN (SELECT run_id FROM results WHERE id = NEW.row_id)
      WHEN 'deliveries' THEN (SELECT y.run_id FROM deliveries o JOIN results y ON y.id = o.result_id WHERE o.id = NEW.row_id)
      ELSE (SELECT y.run_id FROM withdrawals o JOIN results y ON y.id = o.result_id WHERE o.id = NEW.row_id) END);
END;
`;
