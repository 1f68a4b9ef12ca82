/** The migration that brings fetches. */
import { stateCheckSql } from './states.js';

/** Studies that are pulled from a source. */
export const FETCHES = `
CREATE TABLE fetches (
  id INTEGER PRIMARY KEY,
  source TEXT NOT NULL,
  study_instance_uid TEXT NOT NULL,
  -- who wants it: a person, or the count that misses instances
  reason TEXT NOT NULL,
  state TEXT NOT NULL ${stateCheckSql('fetches')},
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  -- instances that the source lists, those of them that were here already, and those that have come since
  listed INTEGER,
  here_before INTEGER,
  pulled INTEGER NOT NULL DEFAULT 0,
  failure_code TEXT,
  failure TEXT,
  created_at INTEGER NOT NULL,
  ended_at INTEGER
) STRICT;
CREATE UNIQUE INDEX fetches_open ON fetches (source, study_instance_uid) WHERE state IN ('asked', 'pulling');
CREATE INDEX fetches_due ON fetches (source, due_at) WHERE state = 'asked';
`;
