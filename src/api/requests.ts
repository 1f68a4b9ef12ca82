/** What every route reads of a request. */
import type { Request } from 'express';
import type { z } from 'zod';
import type { EpochMs } from '../foundation/clock.js';
import { AnteroomError } from '../foundation/errors.js';

const DEFAULT_LIMIT = 100;

/** How many rows are asked for. @throws AnteroomError USAGE */
export function limitOf(request: Request): number {
  const asked = textQuery(request, 'limit');
  const limit = Number(asked ?? DEFAULT_LIMIT);
  if (!Number.isInteger(limit) || limit < 1)
    throw new AnteroomError('USAGE', `limit is ${asked ?? 'not a text'}; expected a positive whole number`);
  return limit;
}

/** A parameter of the URL; undefined where it is absent or empty. */
export function textQuery(request: Request, name: string): string | undefined {
  const value = request.query[name];
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** From when on is asked for, as a time in ISO 8601; 0 where it is not said. @throws AnteroomError USAGE */
export function sinceOf(request: Request): EpochMs {
  const asked = textQuery(request, 'since');
  const since = asked === undefined ? 0 : Date.parse(asked);
  if (Number.isNaN(since)) throw new AnteroomError('USAGE', `since is ${asked ?? ''}; expected a time such as 2026-11-23T02:00:00Z`);
  return since;
}

/** The body, checked. @throws AnteroomError USAGE with every fault */
export function parseBody<T>(schema: z.ZodType<T>, request: Request): T {
  const parsed = schema.safeParse(request.body);
  if (parsed.success) return parsed.data;
  throw new AnteroomError('USAGE', parsed.error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; '));
}
