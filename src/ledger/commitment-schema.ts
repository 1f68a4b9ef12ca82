/** The tables of storage commitment. */
import { stateCheckSql } from './states.js';

/** Storage commitment (PS3.4 annex J): what peers ask of us, and what we ask of destinations. */
export const COMMITMENT = `
-- asked of us; where it is not taken on (refused), still a hint of what a study has
CREATE TABLE commitments (
  id INTEGER PRIMARY KEY,
  transaction_uid TEXT NOT NULL,
  calling_ae TEXT NOT NULL,
  called_ae TEXT NOT NULL,
  remote_address TEXT NOT NULL,
  requested_at INTEGER NOT NULL,
  state TEXT NOT NULL ${stateCheckSql('commitments')},
  -- when the report is to be tried (again)
  due_at INTEGER NOT NULL,
  attempts INTEGER NOT NULL DEFAULT 0,
  -- why the peer could not be told
  failure TEXT,
  judged_at INTEGER,
  UNIQUE (transaction_uid, calling_ae)
) STRICT;
CREATE INDEX commitments_due ON commitments (due_at) WHERE state = 'owed';

CREATE TABLE commitment_instances (
  commitment_id INTEGER NOT NULL REFERENCES commitments (id),
  sop_instance_uid TEXT NOT NULL,
  sop_class_uid TEXT NOT NULL,
  -- NULL: not judged; 0: committed; else the FailureReason (0008,1197)
  reason INTEGER,
  PRIMARY KEY (commitment_id, sop_instance_uid)
) STRICT, WITHOUT ROWID;
CREATE INDEX commitment_instances_named ON commitment_instances (sop_instance_uid);

-- asked by us: one transaction for one instance at one destination
CREATE TABLE commitment_requests (
  transaction_uid TEXT PRIMARY KEY,
  destination TEXT NOT NULL,
  sop_instance_uid TEXT NOT NULL,
  asked_at INTEGER NOT NULL,
  -- NULL: no report yet; 0: committed; else the FailureReason
  reason INTEGER,
  reported_at INTEGER
) STRICT, WITHOUT ROWID;
CREATE INDEX commitment_requests_of ON commitment_requests (sop_instance_uid, destination);
`;
