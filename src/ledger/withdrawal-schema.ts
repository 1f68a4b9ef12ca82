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
