/** The migration of what a model may be used for, and why it is trusted: permissions, tests, and who took a model into use without one. */
export const MODEL_TRUST = `
-- who made it active without a passed test; why is override_reason
ALTER TABLE models ADD COLUMN override_by TEXT;
-- which model.yaml of its folder it was registered with; NULL: the usual one
ALTER TABLE models ADD COLUMN model_file TEXT;
-- when its last passed test is to be repeated; NULL: nothing to repeat, or not scheduled
ALTER TABLE models ADD COLUMN test_due_at INTEGER;
-- what has suspended it: its runs keep failing, or its test does not pass any more
ALTER TABLE models ADD COLUMN suspended_by TEXT CHECK (suspended_by IN ('breaker', 'drift'));
UPDATE models SET suspended_by = 'breaker' WHERE state = 'suspended';

-- somebody answers for it that a model is used on patients although its licence or status does not say so
CREATE TABLE model_permissions (
  id INTEGER PRIMARY KEY,
  model_id INTEGER NOT NULL REFERENCES models (id),
  by TEXT NOT NULL,
  reason TEXT NOT NULL,
  given_at INTEGER NOT NULL,
  -- from then on it does not hold any more
  until INTEGER NOT NULL,
  -- taken back before that
  ended_at INTEGER,
  ended_by TEXT
) STRICT;
CREATE INDEX model_permissions_of_model ON model_permissions (model_id, until);

-- every test of a registered model that was told of: what it was given, and what came of it
CREATE TABLE model_tests (
  id INTEGER PRIMARY KEY,
  model_id INTEGER NOT NULL REFERENCES models (id),
  at INTEGER NOT NULL,
  cause TEXT NOT NULL CHECK (cause IN ('by-hand', 'schedule')),
  passed INTEGER NOT NULL CHECK (passed IN (0, 1)),
  workflow TEXT NOT NULL,
  -- absolute folders on this machine
  sample TEXT NOT NULL,
  reference TEXT NOT NULL,
  -- path of its report, where there is one
  report TEXT,
  -- what speaks against it
  reason TEXT
) STRICT;
CREATE INDEX model_tests_of_model ON model_tests (model_id, id);
`;
