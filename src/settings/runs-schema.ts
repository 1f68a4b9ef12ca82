/** What the settings may say of running models: how many, in which order, and with what of the machine. */
import { z } from 'zod';
import { megabytes, seconds } from './fields.js';

const limits = z.strictObject({
  memoryMb: megabytes().min(64).default(8192).describe('Memory of a model whose model.yaml says nothing of it; likewise the next ones.'),
  cpus: z.number().positive().default(2).describe('CPUs.'),
  shmMb: megabytes().default(1024).describe('Shared memory.'),
  timeoutS: seconds().default(1800).describe('Seconds after which the model is stopped.'),
  maxOutputMb: megabytes().min(1).default(4096).describe('What it may write.'),
  maxScratchMb: megabytes().min(1).default(20_480).describe("What it may write elsewhere than to its output, on the engine's disk."),
  pids: z.int().min(16).default(512).describe('Processes and threads that it may have.'),
  maxLogMb: megabytes().min(1).default(16).describe('What is kept of its log.'),
});

const resources = z.strictObject({
  cpus: z.number().positive().optional().describe('CPUs that all running models together may ask for; those of the machine if left out.'),
  memoryMb: megabytes().min(64).optional().describe('Memory that they may ask for; that of the machine if left out.'),
  gpus: z
    .array(
      z.strictObject({
        memoryMb: megabytes()
          .min(1)
          .optional()
          .describe('Its memory, for models that share it; without it the GPU takes one model at a time.'),
      }),
    )
    .optional()
    .describe('The GPUs that models may use, in the order of their numbers; those that `nvidia-smi` lists if left out.'),
});

const fairness = z.strictObject({
  afterS: z
    .number()
    .min(0)
    .default(1800)
    .describe('Seconds of waiting after which a routine or bulk run gets a turn although more urgent ones wait: never earlier.'),
  share: z.int().min(2).default(5).describe('Of so many starts in a row, one is for the run that waits longest by then.'),
});

const breaker = z.strictObject({
  failures: z
    .int()
    .min(0)
    .default(3)
    .describe('A model that fails so often in a row, by no fault of the input or of a person, is suspended: its runs wait. 0: never.'),
  probeAfterS: seconds()
    .optional()
    .describe('After so many seconds one run tries whether it works again, and resumes it if so; if left out, `anteroom resume` does.'),
});

export const runsSchema = z.strictObject({
  concurrency: z
    .int()
    .min(1)
    .max(64)
    .default(1)
    .describe('Models that run at the same time, if there is room for them (`runs.resources`).'),
  atOncePerModel: z
    .int()
    .min(1)
    .optional()
    .describe('Runs of one model at the same time, where its model.yaml says nothing (`atOnce`); no limit if left out.'),
  resources: resources.prefault({}),
  fairness: fairness.prefault({}),
  reserveAfterS: z
    .number()
    .min(0)
    .default(300)
    .describe(
      'A run that does not fit lets smaller ones pass for so many seconds; then what becomes free is kept for it. For STAT at once.',
    ),
  breaker: breaker.prefault({}),
  limits: limits.prefault({}),
});
