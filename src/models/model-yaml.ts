/** Our own `model.yaml`, beside the card: how the image is run, and what counts as an answer. */
import { z } from 'zod';
import { layoutSchema } from './input-layout.js';
import { codeSchema, reportSchema } from './report-yaml.js';

const megabytes = () => z.int().min(1);

/** What a model has at its disposal; what is left out is taken from `runs.limits` of the settings. */
const resources = {
  gpu: z
    .union([z.literal('none'), z.literal('required'), z.literal('optional')])
    .default('none')
    .describe('Whether the model takes a GPU.'),
  gpuMemoryMb: megabytes().optional().describe('Memory of the GPU that it needs; others may share the GPU. A whole one if left out.'),
  atOnce: z.int().min(1).optional().describe('Runs of this model at the same time; `runs.atOncePerModel` of the settings if left out.'),
  memoryMb: megabytes().min(16).optional().describe('Memory; above it the model is killed.'),
  cpus: z.number().positive().optional().describe('CPUs.'),
  shmMb: z.int().min(0).optional().describe('Shared memory; PyTorch data loaders need it.'),
  timeoutS: z.number().positive().optional().describe('Seconds after which the model is stopped.'),
  maxOutputMb: megabytes().optional().describe('What it may write to its output folder.'),
  pids: z.int().min(16).optional().describe('Processes and threads that it may have.'),
  maxScratchMb: megabytes().optional().describe('What it may write elsewhere than to its output, on the disk of the engine.'),
  scratchMb: z.int().min(1).optional().describe('Size of /tmp and the other memory-backed scratch folders; what is used counts as memory.'),
};

/** What a docker model may ask for in the way of rights. */
const confinement = {
  readOnlyRoot: z.boolean().default(true).describe("False where the model writes outside its output and /tmp. MHub's own images do."),
  user: z
    .union([z.literal('node'), z.literal('image')])
    .default('node')
    .describe("`node`: the node's own user and group; `image`: the user that the image names. MHub's own images need `image` (root)."),
};

/** Lists too: MHub's modules take them. */
const settingValue = z.json();

/** Extensions of the label maps that are read. */
const LABEL_MAP_FILE = /^[^/]+\.(mha|nrrd|nii|nii\.gz)$/i;

const labelMap = z.strictObject({
  file: z
    .string()
    .regex(LABEL_MAP_FILE, 'must be the name of a .mha, .nrrd, .nii or .nii.gz file')
    .describe('Name of the file in whatever folder it lies; `*` stands for any part of it.'),
  labels: z
    .record(z.string().regex(/^[1-9]\d{0,4}$/, 'must be a label from 1 on'), z.string().min(1))
    .refine((labels) => Object.keys(labels).length > 0, 'needs at least one label')
    .describe('Which structure each label is, as in `{1: LEFT_LUNG, 2: RIGHT_LUNG}`; every label that occurs must be named.'),
  on: z.string().min(1).optional().describe('Input on whose grid it lies; needed only where the model has several images.'),
});

const test = z
  .strictObject({
    data: z
      .string()
      .min(1)
      .describe(
        "Where `models test` finds WORKFLOW/sample and WORKFLOW/reference: a folder or ZIP archive, from the package's folder, or an http(s) URL of an archive.",
      ),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/i, 'must be 64 hexadecimal digits')
      .optional()
      .describe('Of the archive; another one is refused.'),
    sample: z.literal('phantom').optional().describe('`phantom`: in place of a sample in the data, a chest CT that is made on the spot.'),
  })
  .optional()
  .describe('What the model is tested with.');

const answer = {
  test,
  status: z
    .enum(['clinical', 'research'])
    .optional()
    .describe(
      '`research`: runs in shadow, or for destinations marked `research`, whatever its licences allow. Left out: the licences decide.',
    ),
  workflow: z
    .string()
    .regex(/^[A-Za-z0-9_.-]+$/, 'must be a name')
    .default('default')
    .describe('MHub workflow that is run.'),
  exportLogs: z
    .boolean()
    .default(false)
    .describe(
      "True for MHub's own images: the logs of their modules, which they keep to themselves, are put beside the outputs, and errors in them into the reason of a failure.",
    ),
  settings: z
    .record(z.string().regex(/^[A-Za-z0-9_.-]+$/, 'must be names with dots between them'), settingValue)
    .default({})
    .describe('Overrides handed over as `--config:KEY=VALUE`, as in `modules.Runner.fast: true`.'),
  outputs: z
    .strictObject({
      mustExist: z
        .union([z.literal('card'), z.array(z.string().min(1)).min(1)], { error: 'must be "card" or a list of structures' })
        .default('card')
        .describe(
          'Structures without which the run has failed, in whichever output: a list, or all that the card names (none of them with `allowEmpty`).',
        ),
      allowEmpty: z
        .boolean()
        .default(false)
        .describe('True for models that may rightly find nothing, as for lesions; what `mustExist` lists must be there all the same.'),
      labelMaps: z
        .array(labelMap)
        .default([])
        .describe('Label maps (MHA, NRRD or NIfTI) that become a DICOM-SEG; other files are kept as they are, and never leave the node.'),
      reports: z
        .array(reportSchema)
        .default([])
        .describe('JSON and CSV files that become a DICOM-SR (TID 1500), and what in them is what: deploy/models/README.md.'),
      reportTitle: codeSchema
        .optional()
        .describe(
          'Title of its reports, in place of AI Measurement Report (AI_REPORT, 99ANTEROOM); under 126000 of DCM, Imaging Measurement Report, OHIF 3.13 cannot open them.',
        ),
      emptyAnswer: z
        .enum(['report', 'none'])
        .default('report')
        .describe(
          'With `allowEmpty`: `report` sends a DICOM-SR that says "analysed, none segmented" where nothing was found, `none` sends nothing.',
        ),
    })
    .prefault({}),
  input: z
    .strictObject({
      layout: layoutSchema,
    })
    .prefault({}),
};

const packing = {
  weights: z
    .record(z.string().min(1), z.string().min(1))
    .default({})
    .describe('Where `models pack` takes weights from: file in the package → https URL, or path. Others lie in the package already.'),
};

const docker = z.strictObject({
  runtime: z.literal('docker'),
  image: z.string().min(1).describe('Name of the image, with tag or digest; its digest is pinned when the model is registered.'),
  command: z.array(z.string()).optional().describe('Arguments in place of `--workflow WORKFLOW`.'),
  ...resources,
  ...confinement,
  ...packing,
  ...answer,
});

const process = z.strictObject({
  runtime: z.literal('process'),
  command: z.array(z.string().min(1)).min(1).describe('Program and arguments; run in the folder of the package.'),
  ...resources,
  ...answer,
});

/** The schema of model.yaml. `runtime` says which of the two forms it has. */
export const modelYamlSchema = z.discriminatedUnion('runtime', [docker, process], { error: 'must have a runtime: docker or process' });

export type ModelYaml = Readonly<z.output<typeof modelYamlSchema>>;
export type DockerModelYaml = Extract<ModelYaml, { runtime: 'docker' }>;
export type ProcessModelYaml = Extract<ModelYaml, { runtime: 'process' }>;
export type LabelMapYaml = ModelYaml['outputs']['labelMaps'][number];

/** As it is kept with a registered model: with what the image itself says of its workflows. */
export type RegisteredModelYaml = ModelYaml & {
  /** Targets of DataOrganizer by workflow, where the logs of its modules are to be exported. */
  readonly organizerTargets?: Readonly<Record<string, readonly string[]>>;
};
