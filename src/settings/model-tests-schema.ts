/** What the settings may say of repeating the tests of models in use. */
import { z } from 'zod';
import { timeWindow } from './time-window.js';

export const modelTestsSchema = z.strictObject({
  everyDays: z
    .number()
    .min(0)
    .default(7)
    .describe('Days after which the test that a model in use has passed is repeated, with the same sample and reference. 0: only by hand.'),
  window: timeWindow
    .prefault({ from: '01:00', to: '05:00' })
    .describe('When such a test may start, and only while no run waits to start or is under way; it gives way as soon as one does.'),
  onDrift: z
    .enum(['suspend', 'warn'])
    .default('suspend')
    .describe(
      'What follows when a test that was passed before fails on the same digest: `suspend` has the runs of the model wait until `anteroom resume model NAME`; `warn` only tells (log, `doctor`).',
    ),
});
