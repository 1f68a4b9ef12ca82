/** `outputs.reports` of model.yaml: what in a model's JSON or CSV becomes which item of a structured report. */
import { z } from 'zod';

/** A code as a package writes it. */
export const codeSchema = z.strictObject({
  code: z
    .string()
    .regex(/^[^\s\\][^\\]{0,15}$/, 'must be 1 to 16 characters')
    .describe('CodeValue.'),
  scheme: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,15}$/, 'must be a coding scheme like SCT, DCM, LN; one of your own begins with 99')
    .describe('CodingSchemeDesignator: SCT, DCM, LN, …; one of your own begins with `99`.'),
  meaning: z.string().min(1).max(64).describe('What people read.'),
});

const valueSchema = z.strictObject({
  path: z
    .string()
    .min(1)
    .describe(
      'Where it stands: `cancerinfo.casecancerprobability`, `boxes[0].probability`, `["a.b"]`; of a CSV file the name of the column.',
    ),
  name: z
    .union([z.string().min(1), codeSchema])
    .describe('What it is: a name that the node has a code for, as `Volume` or `Probability of cancer`, or a code.'),
  unit: z
    .string()
    .min(1)
    .optional()
    .describe('Makes it a number, in this unit of UCUM: `ml`, `mm`, `%`, `1` for none, `{lesions}` for a count.'),
  factor: z.number().optional().describe('What the number is multiplied by: 100 makes a probability a percentage.'),
  range: z
    .tuple([z.number(), z.number()])
    .optional()
    .describe('Lowest and highest number as the model gives it; the answer is rejected outside.'),
  codes: z
    .record(z.string().min(1), codeSchema)
    .refine((codes) => Object.keys(codes).length > 0, 'needs at least one code')
    .optional()
    .describe('Makes it a code: by the value, or by the range that a number is in: `< 0.2`, `0.2..0.5`, `>= 0.5`. The first that fits.'),
  text: z.literal(true).optional().describe('Makes it a text, as the model gives it.'),
  optional: z.boolean().default(false).describe('False: an answer without it is rejected. True: it is left out of the report.'),
});

const groupSchema = z.strictObject({
  each: z
    .string()
    .min(1)
    .optional()
    .describe(
      'A list in the answer, as `findings`: a group for each of its elements, whose paths begin there. Rows of a CSV file always are.',
    ),
  label: z.string().trim().min(1).optional().describe('How people tell the groups apart: `Nodule {id}`; what is in braces is a path.'),
  structure: z
    .string()
    .min(1)
    .optional()
    .describe('Structure of the table that it is about: `LUNG`, `LUNG+NODULE`; or `{column}`, where the answer names it.'),
  finding: codeSchema.optional().describe('What was found, where no structure says it.'),
  values: z.array(valueSchema).min(1),
});

export const reportSchema = z.strictObject({
  file: z
    .string()
    .regex(/^[^/]+\.(json|csv)$/i, 'must be the name of a .json or .csv file')
    .describe('Name of the file in whatever folder it lies; `*` stands for any part of it.'),
  on: z.string().min(1).optional().describe('Input that it is about; all of them if left out.'),
  groups: z.array(groupSchema).min(1),
});

export type ReportYaml = Readonly<z.output<typeof reportSchema>>;
export type ReportGroupYaml = ReportYaml['groups'][number];
export type ReportValueYaml = ReportGroupYaml['values'][number];
export type ReportCodeYaml = z.output<typeof codeSchema>;
