/** What a registered model may be used for, and what its tests say: for the list, the card and `doctor`. */
import { lastPermission, type PermissionRow } from '../ledger/model-permissions.js';
import { lastPassedTest, lastTest, type ModelTestRow } from '../ledger/model-tests.js';
import type { ModelRow } from '../ledger/models.js';
import { isTested } from '../models/register.js';
import { notClinical, useRefused } from '../models/use-gate.js';
import type { NodePort } from './node-port.js';

/** `refused`: why it must not be used on patients now; `notClinical`: what speaks against it, whoever may have allowed it. */
export function modelStanding({ db, useRules, clock }: Pick<NodePort, 'db' | 'useRules' | 'clock'>, row: ModelRow) {
  const now = clock();
  const permission = lastPermission(db, row.id);
  const test = lastTest(db, row.id);
  return {
    use: {
      site: useRules.use,
      notClinical: notClinical(row) ?? null,
      refused: useRefused(db, row, useRules, now) ?? null,
      permission: permission === undefined ? null : permissionView(permission, now),
    },
    test: {
      passed: isTested(db, row),
      last: test === undefined ? null : testView(test),
      lastPassedAt: isoOf(lastPassedTest(db, row.id)?.at),
      dueAt: isoOf(row.test_due_at),
    },
  };
}

export type ModelStanding = ReturnType<typeof modelStanding>;

function permissionView({ by, reason, given_at: givenAt, until, ended_at: endedAt }: PermissionRow, now: number) {
  return { by, reason, givenAt: isoOf(givenAt), until: isoOf(until), holds: endedAt === null && until > now };
}

function testView({ at, cause, passed, workflow, sample, reference, report, reason }: ModelTestRow) {
  return { at: isoOf(at), cause, passed: passed === 1, workflow, sample, reference, report, reason };
}

function isoOf(at: number | null | undefined): string | null {
  return at === null || at === undefined ? null : new Date(at).toISOString();
}
