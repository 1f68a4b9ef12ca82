/**
 * What config/anteroom.yaml may say. Every key has a default, so that an empty file works, and a text, from which the
 * settings reference is printed.
 */
import { resolve } from 'node:path';
import { z } from 'zod';
import { destinationsSchema } from './destination-schema.js';
import { settle } from './settle-schema.js';
import { peersSchema, querySchema, storageCommitmentSchema } from './services-schema.js';
import { sourcesSchema } from './source-schema.js';
import { megabytes, port, text, type DeepReadonly } from './fields.js';
import { firstListenerSchema, furtherListenersSchema } from './listener-schema.js';
import { contradictoryTitles, settlingFaults } from './listeners.js';
import { modelTestsSchema } from './model-tests-schema.js';
import { retentionSchema } from './retention-schema.js';
import { runsSchema } from './runs-schema.js';

const LOOPBACK = /^(127(\.\d{1,3}){3}|::1|localhost)$/;

const node = z.strictObject({
  name: z.string().trim().min(1).max(64).default('anteroom').describe('Name of this node in results and messages.'),
});

const http = z.strictObject({
  host: text()
    .regex(
      LOOPBACK,
      'must be a loopback address (127.0.0.1, ::1 or localhost): without authentication nothing that shows patients listens beyond it',
    )
    .default('127.0.0.1')
    .describe('Address of the DICOMweb face and the API; loopback only, as there is no authentication yet.'),
  port: port().default(8080).describe('Its port; 0 takes a free one.'),
  corsOrigins: z
    .array(text().regex(/^https?:\/\/[^/\s*]+$/, 'must be an origin such as https://viewer.example.org, without a path'))
    .default([])
    .describe('Origins whose pages may use the DICOMweb face in a browser, such as a viewer on another port; none unless named.'),
});

const disk = z
  .strictObject({
    warnFreeMb: megabytes().default(10240).describe('Free space of the data folder below which the log and `doctor` warn.'),
    refuseFreeMb: megabytes()
      .default(2048)
      .describe(
        'Free space below which nothing new is received (C-STORE status A700, STOW 507) until there is 5 % more; half of it is for what is under way, the rest for the ledger.',
      ),
  })
  .refine((limit) => limit.refuseFreeMb <= limit.warnFreeMb, 'refuseFreeMb must not be above warnFreeMb');

const rules = z.strictObject({
  casesMustPass: z
    .boolean()
    .default(true)
    .describe('Refuses changed rules whose own cases (`*.cases.yaml`) come out otherwise than they expect; those in force stay.'),
});

const docker = z.strictObject({
  socket: text().default('/var/run/docker.sock').describe('Socket of the Docker or Podman engine.'),
});

/** The schema of a settings file in `folder`: relative paths in the file are taken from there. */
export function settingsSchema(folder: string) {
  const absolute = (written: string) => resolve(folder, written);
  const path = () => text().transform(absolute);
  const pathOr = (name: string) => text().prefault(name).transform(absolute);
  const log = z.strictObject({
    level: z.enum(['error', 'warn', 'info', 'debug', 'silent']).default('info').describe('Least level that is logged.'),
    file: path().optional().describe('File that gets every line too, rotated at 20 MB and kept five times.'),
  });
  const all = z.strictObject({
    node: node.prefault({}),
    dataDir: pathOr('data').describe('Folder of the ledger and the archive.'),
    use: z
      .enum(['clinical', 'research'])
      .default('clinical')
      .describe(
        'What this site uses models for. `clinical`: a model whose licences or status allow research only, or do not say, runs in shadow, or for destinations marked `research`; `models allow` makes an exception.',
      ),
    rulesDir: pathOr('routing-rules').describe('Folder of the rule files; a valid change takes effect at once.'),
    rules: rules.prefault({}),
    modelsDir: pathOr('models').describe('Folder in which `models add NAME` looks for the package.'),
    dimse: firstListenerSchema(path).prefault({}),
    listeners: furtherListenersSchema(path)
      .default({})
      .meta({ like: 'dimse' })
      .describe('Further listeners by name, say one for TLS; each as `dimse`, with `port` and `callingAeTitles` always given.'),
    query: querySchema().default('off'),
    peers: peersSchema().default({}),
    storageCommitment: storageCommitmentSchema().default('off'),
    http: http.prefault({}),
    settle: settle.prefault({}),
    disk: disk.prefault({}),
    retention: retentionSchema.prefault({}),
    docker: docker.prefault({}),
    runs: runsSchema.prefault({}),
    modelTests: modelTestsSchema.prefault({}),
    destinations: destinationsSchema(path).default({}).describe("Where results go, by name. `archive`, the node's own, is always there."),
    sources: sourcesSchema(path).default({}).describe('Where studies can be asked for and pulled from, by name (`anteroom fetch`).'),
    log: log.prefault({}),
  });
  return all
    .superRefine((settings, context) => {
      for (const { title, path: at } of contradictoryTitles(settings)) {
        const message = `"${title}" is described in two ways; rules and settle of an AE title must be the same everywhere`;
        context.addIssue({ code: 'custom', path: at, message });
      }
      for (const { path: at, message } of settlingFaults(settings)) context.addIssue({ code: 'custom', path: at, message });
    })
    .refine(({ disk: { refuseFreeMb }, retention: { freeBelowMb } }) => freeBelowMb === undefined || freeBelowMb > refuseFreeMb, {
      error: 'must be above disk.refuseFreeMb: room has to be made before receiving is refused',
      path: ['retention', 'freeBelowMb'],
    })
    .refine(({ storageCommitment, retention }) => storageCommitment === 'off' || !purges(retention), {
      error: 'archive-of-record means to keep for good: it excludes retention.maxAgeDays and retention.freeBelowMb',
      path: ['storageCommitment'],
    });
}

const purges = ({ maxAgeDays, freeBelowMb }: { maxAgeDays?: number; freeBelowMb?: number }): boolean =>
  maxAgeDays !== undefined || freeBelowMb !== undefined;

/** Checked, with all defaults filled in, paths absolute, and frozen. */
export type Settings = DeepReadonly<z.output<ReturnType<typeof settingsSchema>>>;
export type Destination = Settings['destinations'][string];
export type Source = Settings['sources'][string];
export type StowDestination = Extract<Destination, { kind: 'stow' }>;
export type CstoreDestination = Extract<Destination, { kind: 'cstore' }>;
