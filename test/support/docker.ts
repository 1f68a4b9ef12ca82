/** The Docker engine and the images that set-up (deploy/setup) provides for the tests; for one that a test may kill see dockerd.ts. */
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import Docker from 'dockerode';

const FALLBACK = '/var/run/docker.sock';

/** Path of the engine's unix socket. */
export function engineSocket(): string {
  return process.env.ANTEROOM_DOCKER_SOCKET ?? FALLBACK;
}

/** What of the engine and these images is missing, for `describeWith`. */
export function missingForDocker(...images: string[]): string[] {
  if (!existsSync(engineSocket())) return ['Docker engine (npm test starts one)'];
  return images.filter((image) => !hasImage(image)).map((image) => `image ${image}`);
}

function hasImage(image: string): boolean {
  const env = { ...process.env, DOCKER_HOST: `unix://${engineSocket()}` };
  return spawnSync('docker', ['image', 'inspect', image], { env, stdio: 'ignore' }).status === 0;
}

/** An engine's client. */
export function dockerAt(socketPath: string): Docker {
  // host must be named even if it is undefined: else DOCKER_HOST of the environment wins over socketPath.
  return new Docker({ socketPath, host: undefined });
}

/** Names of the containers, running or not, that mount something of this folder: those of one node, whoever else uses the engine. */
export async function containersOf(socketPath: string, folder: string): Promise<string[]> {
  const all = await dockerAt(socketPath).listContainers({ all: true });
  return all.filter(({ Mounts }) => Mounts.some(({ Source }) => Source.startsWith(folder))).map(({ Names }) => Names[0]);
}
