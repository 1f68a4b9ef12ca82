/** The cohort file: which cases models are compared on. */
import { z } from 'zod';

const text = z.string().min(1, 'must not be empty');
const uid = z.string().regex(/^\d+(\.\d+)+$/, 'must be a UID: digits and dots');

const query = z
  .strictObject({
    patientId: text.optional(),
    accessionNumber: text.optional(),
    studyDate: z
      .string()
      .regex(/^(\d{8}|\d{8}-|-\d{8}|\d{8}-\d{8})$/, 'must be a date or range: 20260131, 20260101-20260131')
      .optional(),
    studyDescription: text.optional(),
    modality: z
      .string()
      .regex(/^[A-Z]{2,16}$/, 'must be a modality: CT, MR, PT')
      .optional(),
  })
  .refine((value) => Object.keys(value).length > 0, 'must name at least one attribute');

const cohortCase = z
  .strictObject({
    name: z
      .string()
      .regex(/^[\w][\w.-]{0,99}$/, 'must be letters, digits, "_", "-" and "." (at most 100), as files are named so')
      .optional(),
    folder: text.optional(),
    study: uid.optional(),
    query: query.optional(),
    series: uid.optional(),
    truth: text.optional(),
  })
  .refine((one) => [one.folder, one.study, one.query].filter((given) => given !== undefined).length === 1, {
    message: 'must name its images by one of folder, study, query',
  })
  .refine((one) => one.query === undefined || (one.name === undefined && one.series === undefined && one.truth === undefined), {
    message: 'a query may find many cases: name, series and truth go with folder or study',
  });

export const cohortSchema = z.strictObject({
  clinical: z.union([text, z.strictObject({ file: text, patientId: text.default('PatientID') })]).optional(),
  cases: z.array(cohortCase).min(1),
});

export type CohortFile = z.infer<typeof cohortSchema>;
export type CohortCase = z.infer<typeof cohortCase>;
