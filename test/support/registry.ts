/** A registry of the test's own on the loopback: only images that came from one have a registry's digest. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { stringify } from 'yaml';
import { freePort } from './orthanc.js';
import { until } from './until.js';

export interface Registry {
  /** `127.0.0.1:PORT`, with which the names of its images begin. */
  readonly address: string;
  /** Pushes an image under that name, takes the name away, and pulls it; gives its name with the registry before it. */
  throughRegistry(docker: Docker, image: string, name: string): Promise<string>;
  remove(): Promise<void>;
}

/** Starts it; Docker engines take loopback registries without TLS. */
export async function startRegistry(): Promise<Registry> {
  const folder = await mkdtemp(join(tmpdir(), 'anteroom-registry-'));
  const address = `127.0.0.1:${await freePort()}`;
  const config = join(folder, 'config.yml');
  await writeFile(
    config,
    stringify({ version: 0.1, storage: { filesystem: { rootdirectory: join(folder, 'data') } }, http: { addr: address } }),
  );
  const process = spawn('docker-registry', ['serve', config], { stdio: 'ignore' });
  await until('the registry answers', async () => (await fetch(`http://${address}/v2/`).catch(() => undefined))?.ok === true);
  return {
    address,
    async throughRegistry(docker, image, name) {
      const there = `${address}/${name}`;
      await docker.getImage(image).tag({ repo: there, tag: '1' });
      const pushed = await docker.getImage(`${there}:1`).push({ authconfig: { serveraddress: address } });
      await finished(docker, pushed);
      await docker.getImage(`${there}:1`).remove();
      await finished(docker, await docker.pull(`${there}:1`));
      return `${there}:1`;
    },
    async remove() {
      process.kill();
      await once(process, 'exit');
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function finished(docker: Docker, stream: NodeJS.ReadableStream): Promise<void> {
  return new Promise((resolve, reject) => {
    docker.modem.followProgress(stream, (error: Error | null) => {
      if (error) reject(error);
      else resolve();
    });
  });
}
