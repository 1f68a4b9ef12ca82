/** Pausing and resuming, as JSON over HTTP. */
import type { Router } from 'express';
import { z } from 'zod';
import { AnteroomError } from '../foundation/errors.js';
import { loggerOf } from '../foundation/log.js';
import { listModels, resumeModel, type Override } from '../ledger/models.js';
import { listPauses, pause, PAUSE_KINDS, pauseText, unpause, type PauseKind, type PauseRow } from '../ledger/pauses.js';
import { rulesWithOpenRuns } from '../ledger/queued-runs.js';
import { isTested } from '../models/register.js';
import type { NodePort } from './node-port.js';
import { parseBody } from './requests.js';

const log = loggerOf('api');

const target = { kind: z.enum(PAUSE_KINDS), name: z.string().default('') };
const pauseRequest = z.strictObject({ ...target, reason: z.string().min(1).optional(), by: z.string().min(1).default('unknown') });
const resumeRequest = z.strictObject({ ...target, by: z.string().trim().min(1).optional(), reason: z.string().trim().min(1).optional() });

/** What is paused, and pausing and resuming it. */
export function queueRoutes(router: Router, node: NodePort): void {
  const { db, bell, clock } = node;
  router.get('/pauses', (_request, response) => {
    response.json(listPauses(db).map(pauseView));
  });
  router.post('/pause', (request, response) => {
    const { kind, name, reason, by } = parseBody(pauseRequest, request);
    demandKnown(node, kind, name);
    const row = pause(db, { kind, name, reason: reason ?? null, by, since: clock() });
    log.warn('paused', { kind, seen: name });
    response.status(201).json(pauseView(row));
  });
  router.post('/resume', (request, response) => {
    const { kind, name, ...override } = parseBody(resumeRequest, request);
    const resumed = kind === 'model' && resumeSuspended(node, name, override);
    if (!unpause(db, kind, name) && !resumed) {
      const what = `${kind} ${name}`.trim();
      const paused = listPauses(db).map((row) => `${row.kind} ${row.name}`.trim());
      throw new AnteroomError('PAUSE_UNKNOWN', `${what} is not paused; paused are: ${paused.join(', ') || 'none'}`);
    }
    log.warn('resumed', { kind, seen: name });
    bell.ring('runs');
    bell.ring('delivery');
    response.json({ stillPaused: listPauses(db).map(pauseView) });
  });
}

/** A pause as the API shows it; `text` is one sentence. */
export function pauseView(row: PauseRow) {
  const { kind, name, reason, by, since } = row;
  return { kind, name, reason, by, since: new Date(since).toISOString(), text: pauseText(row) };
}

export type PauseView = ReturnType<typeof pauseView>;

/**
 * A model that was suspended is resumed by the same word.
 * @throws AnteroomError MODEL_UNTESTED where it has drifted, has passed no test since, and nobody answers for it
 */
function resumeSuspended({ db, clock }: NodePort, name: string, { by = 'unknown', reason }: Partial<Override>): boolean {
  const suspended = listModels(db).find((model) => model.name === name && model.state === 'suspended');
  if (suspended === undefined) return false;
  if (suspended.suspended_by !== 'drift' || isTested(db, suspended)) return resumeModel(db, suspended.id, `resumed by ${by}`, clock());
  if (reason === undefined || by === 'unknown')
    throw new AnteroomError(
      'MODEL_UNTESTED',
      `${name}: ${suspended.suspended_reason}; expected a test passed since, or a name and a reason`,
    );
  return resumeModel(db, suspended.id, `resumed by ${by}: ${reason}`, clock(), { by, reason });
}

/** @throws AnteroomError PAUSE_UNKNOWN for a slip of the pen: it would seem to be paused, and nothing would be */
function demandKnown(node: NodePort, kind: PauseKind, name: string): void {
  const known = namesOf(node, kind);
  if (known.includes(name)) return;
  const seen =
    kind === 'all' ? `"${name}" after all; expected nothing` : `"${name}" is no ${kind}; expected one of: ${known.join(', ') || 'none'}`;
  throw new AnteroomError('PAUSE_UNKNOWN', seen);
}

function namesOf({ db, rules, destinations }: NodePort, kind: PauseKind): string[] {
  if (kind === 'all') return [''];
  if (kind === 'model') return [...new Set(listModels(db).map((model) => model.name))];
  // A rule that was taken out of the files may have runs.
  if (kind === 'rule') return [...new Set([...rules.current().rules.map((rule) => rule.name), ...rulesWithOpenRuns(db)])];
  return [...destinations];
}
