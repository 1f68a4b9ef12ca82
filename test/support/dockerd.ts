/** A Docker engine of the test's own, which it may kill, and an image without a registry: Debian's static busybox. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmod, copyFile, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { closeSync, existsSync, openSync } from 'node:fs';
import { text } from 'node:stream/consumers';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import Docker from 'dockerode';
import { missingTools } from './tools.js';
import { until } from './until.js';

const BUSYBOX = '/usr/bin/busybox';
const APPLETS = ['sh', 'cat', 'cp', 'dd', 'echo', 'grep', 'head', 'id', 'ls', 'mkdir', 'seq', 'sleep', 'tail', 'touch', 'tr', 'true'];

export interface Dockerd {
  readonly socketPath: string;
  readonly docker: Docker;
  /** Sends a signal and returns when the daemon is gone. */
  kill(signal: NodeJS.Signals): Promise<void>;
  /** Starts it again on the same data; returns when it answers. */
  start(): Promise<void>;
  /** Stops it and removes its folder. */
  remove(): Promise<void>;
}

/** What is missing on this machine, for `describeWith`. */
export function missingForDockerd(): string[] {
  const missing = missingTools('dockerd', 'containerd', 'runc');
  if (process.getuid?.() !== 0) missing.push('root');
  if (!existsSync(BUSYBOX)) missing.push('busybox-static');
  return missing;
}

export async function startDockerd(options: { readonly flags?: readonly string[] } = {}): Promise<Dockerd> {
  const folder = await mkdtemp(join(tmpdir(), 'anteroom-dockerd-'));
  const socketPath = join(folder, 'docker.sock');
  const docker = new Docker({ socketPath, host: undefined });
  const flags = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec'), '--pidfile', join(folder, 'pid')];
  const network = ['--iptables=false', '--ip6tables=false', '--bridge=none'];
  let daemon: ChildProcess | undefined;
  const dockerd: Dockerd = {
    socketPath,
    docker,
    async kill(signal) {
      const dying = daemon;
      daemon = undefined;
      if (!dying || dying.exitCode !== null) return;
      const gone = once(dying, 'exit');
      const containerd = await readFile(join(folder, 'exec/containerd/containerd.pid'), 'utf8');
      dying.kill(signal);
      await gone;
      // It dies with its daemon, a moment later; a daemon started before that would wait for it in vain.
      await until('containerd is gone', () => !existsSync(`/proc/${containerd.trim()}`));
    },
    async start() {
      const logFd = openSync(join(folder, 'dockerd.log'), 'a');
      daemon = spawn('dockerd', [...flags, '-H', `unix://${socketPath}`, ...network, ...(options.flags ?? [])], {
        stdio: ['ignore', logFd, logFd],
      });
      closeSync(logFd);
      await until('dockerd answers', async () => ((await docker.ping()) as unknown) !== undefined);
    },
    async remove() {
      // What a killed daemon left behind is stopped by the next one.
      if (!daemon) await dockerd.start();
      const left = await docker.listContainers({ all: true });
      await Promise.all(left.map(({ Id }) => docker.getContainer(Id).remove({ force: true })));
      await dockerd.kill('SIGTERM');
      await unmountBelow(folder);
      await rm(folder, { recursive: true, force: true });
    },
  };
  await dockerd.start();
  return dockerd;
}

/** A daemon that was killed leaves its mounts, which no later one takes away. */
async function unmountBelow(folder: string): Promise<void> {
  const mounts = (await readFile('/proc/mounts', 'utf8')).split('\n').map((line) => line.split(' ')[1] ?? '');
  for (const path of mounts.filter((mount) => mount.startsWith(folder)).reverse()) spawnSync('umount', [path]);
}

/** Imports an image of nothing but busybox; gives its reference. `files`: further paths in the image and what they hold. */
export async function importBusybox(
  docker: Docker,
  files: Readonly<Record<string, string | Uint8Array>> = {},
  tag = 'busybox',
): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'anteroom-busybox-'));
  try {
    // It becomes the image's root, into which every user must be able to look.
    await chmod(folder, 0o755);
    await mkdir(join(folder, 'bin'));
    await copyFile(BUSYBOX, join(folder, 'bin/busybox'));
    await Promise.all(APPLETS.map((name) => symlink('busybox', join(folder, 'bin', name))));
    for (const [path, content] of Object.entries(files)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), content);
    }
    const tar = spawn('tar', ['-C', folder, '-c', '.'], { stdio: ['ignore', 'pipe', 'ignore'] });
    const progress = await docker.importImage(tar.stdout, {});
    // Podman does not give the name that is asked for here, so it is given afterwards; the last line holds the ID.
    const answer = (await text(progress)).trim().split('\n').at(-1) ?? '';
    await docker.getImage((JSON.parse(answer) as { status: string }).status).tag({ repo: 'localhost/anteroom-test', tag });
    return `localhost/anteroom-test:${tag}`;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
