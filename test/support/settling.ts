/** Policies of settling for tests: the defaults of the settings, with what a test says otherwise. */
import { settle, type SettleOverride, type SettlePolicy } from '../../src/settings/settle-schema.js';

/** The default policy, overridden. */
export function settlePolicy(override: SettleOverride = {}): SettlePolicy {
  return { ...settle.parse({}), ...override };
}

/** For tests that are about something else: only quiet time counts. */
export function quietOnly(quietMs: number): { policyOf: () => SettlePolicy } {
  return { policyOf: () => settlePolicy({ quietS: quietMs / 1000, signals: [] }) };
}
