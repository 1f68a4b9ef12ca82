/** The floor under a run: its container, created, started and waited for, and nothing else. */
import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { readModelPackage } from '../../src/models/package.js';
import { containerOptions } from '../../src/runs/runtimes/docker-spec.js';
import { runSpec } from '../../src/runs/run-spec.js';
import { parseSettings } from '../../src/settings/load.js';
import { tempFolder } from '../support/temp.js';

export interface ContainerTimes {
  readonly startedMs: number;
  readonly endedMs: number;
}

/** Milliseconds of create and start, and from there to the end, of the example model under the very options that the node asks for. */
export async function containerAlone(docker: Docker, inputDir: string): Promise<ContainerTimes> {
  const root = tempFolder('bench-container');
  const outputDir = join(root, 'out');
  mkdirSync(outputDir);
  chmodSync(outputDir, 0o777);
  const { model } = readModelPackage('deploy/models/lungs');
  const spec = runSpec({
    nodeId: 'bench',
    runId: 1,
    attempt: 1,
    container: `anteroom-bench-${process.pid}`,
    yaml: model,
    digest: model.runtime === 'docker' ? (model.image ?? '') : '',
    modelFolder: null,
    settings: {},
    folders: { root, inputDir, outputDir, logPath: join(root, 'log.txt') },
    limits: parseSettings('', join(root, 'anteroom.yaml'), {}).runs.limits,
  });
  const startedAt = performance.now();
  const container = await docker.createContainer(containerOptions(spec));
  try {
    await container.start();
    const runsAt = performance.now();
    const { StatusCode } = (await container.wait()) as { StatusCode: number };
    const endedAt = performance.now();
    if (StatusCode !== 0) throw new Error(`the container alone ended with ${StatusCode}`);
    return { startedMs: runsAt - startedAt, endedMs: endedAt - runsAt };
  } finally {
    await container.remove({ force: true });
  }
}
