/** Hours of the day, as rules and settings name them. */
import { z } from 'zod';

const TIME_OF_DAY = /^([01]\d|2[0-3]):[0-5]\d$/;

const timeOfDay = () =>
  z
    .string({ error: "must be a time like '20:00', in quotes" })
    .refine((text) => TIME_OF_DAY.test(text), { error: "must be a time like '20:00'" });

/** From when to when, local time. */
export const timeWindow = z
  .strictObject({
    from: timeOfDay().describe('Local time, `HH:MM`.'),
    to: timeOfDay().describe('Before `from`: over midnight; the window then belongs to the day on which it begins.'),
    days: z
      .array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun']))
      .min(1)
      .optional()
      .describe('On which days; every day where they are left out.'),
  })
  .refine(({ from, to }) => from !== to, {
    error: 'must not be the same as from: leave the window out where runs may start at any time',
    path: ['to'],
  });
