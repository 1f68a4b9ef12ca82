/** The migration of what the rules were, and who changed them. */
export const RULE_CHANGES = `
-- each time that rules came in force; the texts are in rule_revisions, with cases and included files from here on
CREATE TABLE rule_changes (
  id INTEGER PRIMARY KEY,
  revision TEXT NOT NULL REFERENCES rule_revisions (revision),
  at INTEGER NOT NULL,
  -- owner of the newest changed file, or who asked for a rollback; NULL: not known
  author TEXT,
  -- start: the files were changed while no node ran
  cause TEXT NOT NULL CHECK (cause IN ('start', 'files', 'rollback')),
  reason TEXT,
  -- JSON {rules: {added, removed, changed}, files: {added, removed, changed}}: names, beside those in force before
  changed TEXT NOT NULL,
  -- NULL: a rollback whose files are still being written; the next start goes on with it
  written_at INTEGER
) STRICT;
INSERT INTO rule_changes (revision, at, cause, changed, written_at)
  SELECT revision, in_force_at, 'start', '{}', in_force_at FROM rule_revisions ORDER BY in_force_at;
`;
