/** Podman's Docker-compatible socket on storage of the test's own. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import Docker from 'dockerode';
import type { Dockerd } from './dockerd.js';
import { missingTools } from './tools.js';
import { until } from './until.js';

export type PodmanService = Pick<Dockerd, 'socketPath' | 'docker' | 'remove'>;

/** What is missing on this machine, for `describeWith`. */
export function missingForPodman(): string[] {
  const missing = missingTools('podman', 'runc', 'catatonit');
  if (process.getuid?.() !== 0) missing.push('root');
  return missing;
}

export async function startPodman(): Promise<PodmanService> {
  const folder = await mkdtemp(join(tmpdir(), 'anteroom-podman-'));
  const socketPath = join(folder, 'podman.sock');
  const docker = new Docker({ socketPath, host: undefined });
  const configuration = join(folder, 'containers.conf');
  // Limits that also a root without CAP_SYS_RESOURCE may set, and what bears cgroups v1 without systemd.
  await writeFile(
    configuration,
    [
      '[containers]',
      'default_ulimits = ["nofile=4096:20000", "nproc=10000:20000"]',
      '[engine]',
      'cgroup_manager = "cgroupfs"',
      'events_logger = "file"',
      'runtime = "runc"',
      '',
    ].join('\n'),
  );
  const storage = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--cgroup-manager', 'cgroupfs', '--runtime', 'runc'];
  const env = { ...process.env, CONTAINERS_CONF: configuration };
  // Its conmon leaves a file `oom` in the folder that it was started in.
  const service = spawn('podman', [...storage, 'system', 'service', '--time', '0', `unix://${socketPath}`], {
    env,
    cwd: folder,
    stdio: 'ignore',
  });
  await until('podman answers', async () => ((await docker.ping()) as unknown) !== undefined);
  return {
    socketPath,
    docker,
    async remove() {
      spawnSync('podman', [...storage, 'rm', '--all', '--force', '--time', '0'], { env });
      const gone = once(service, 'exit');
      service.kill('SIGTERM');
      await gone;
      spawnSync('podman', [...storage, 'rmi', '--all', '--force'], { env });
      spawnSync('umount', [join(folder, 'root/overlay')]);
      await rm(folder, { recursive: true, force: true });
    },
  };
}
