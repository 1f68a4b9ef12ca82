/** The migration that brings what rules look at, series by series, so that a rehearsal need not read the header of every instance. */

/** Derived of headers and made again of them where it is missing: nothing is lost with a row. It goes when the study's files go. */
export const SERIES_FACTS = `
CREATE TABLE series_facts (
  version_id INTEGER NOT NULL REFERENCES versions (id),
  series_instance_uid TEXT NOT NULL,
  -- in the stated order: clauses on tags look at its header
  first_instance_id INTEGER NOT NULL REFERENCES instances (id),
  -- which code derived them: of another one they are derived again
  code TEXT NOT NULL,
  -- JSON
  facts TEXT NOT NULL,
  PRIMARY KEY (version_id, series_instance_uid)
) STRICT, WITHOUT ROWID;

CREATE TRIGGER series_facts_purged AFTER UPDATE OF purged_at ON instances WHEN NEW.purged_at IS NOT NULL AND OLD.purged_at IS NULL
BEGIN
  DELETE FROM series_facts WHERE first_instance_id = NEW.id;
END;
CREATE INDEX series_facts_of_instance ON series_facts (first_instance_id);
`;
