/**
 * What config/anteroom.yaml may say of keeping and forgetting. Off by default: a node that refuses a study when its disk is full
 * loses nothing, as the sender keeps it; a node that deletes what nobody told it to delete may have had the only copy.
 */
import { z } from 'zod';
import { megabytes, seconds } from './fields.js';

const days = () => z.number().positive();

export const retentionSchema = z
  .strictObject({
    maxAgeDays: days()
      .optional()
      .describe('Days after which a finished study is purged: after its last instance, run and delivery. Left out: never for its age.'),
    freeBelowMb: megabytes()
      .optional()
      .describe('Free space below which finished studies are purged, the oldest first. Left out: never for room; receiving is refused.'),
    freeAboveMb: megabytes().optional().describe('Free space up to which that goes on; a fifth more than `freeBelowMb` where left out.'),
    minAgeH: z.number().min(0).default(24).describe('Hours that every study stays, also when room is needed or a person purges it.'),
    unsuccessfulDays: days()
      .default(30)
      .describe('Days that a study stays whose run failed, was rejected or cancelled, so that somebody can look into it.'),
    workDays: z.number().min(0).default(14).describe('Days that the input and output folders of a done run stay; its log stays longer.'),
    everyS: seconds().default(60).describe('Seconds between two looks at age and free space.'),
  })
  .refine(({ freeBelowMb, freeAboveMb }) => freeAboveMb === undefined || (freeBelowMb !== undefined && freeAboveMb >= freeBelowMb), {
    error: 'freeAboveMb must not be below freeBelowMb, and needs it',
  })
  .refine(({ maxAgeDays, minAgeH }) => maxAgeDays === undefined || maxAgeDays * 24 >= minAgeH, {
    error: 'maxAgeDays must not be shorter than minAgeH',
  });
