/** A real Orthanc with its DICOMweb plugin, in a folder of its own, as Debian packages it. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

const DICOMWEB_PLUGIN = '/usr/share/orthanc/plugins/libOrthancDicomWeb.so';
const START_DEADLINE_MS = 60_000;

/** What is missing on this machine, for `describeWith`. */
export function missingForOrthanc(): string[] {
  const missing: string[] = [];
  if (spawnSync('Orthanc', ['--version']).error) missing.push('orthanc');
  if (!existsSync(DICOMWEB_PLUGIN)) missing.push('orthanc-dicomweb');
  return missing;
}

export interface OrthancOptions {
  readonly users?: Readonly<Record<string, string>>;
  /** Merged over the configuration, at its top level. */
  readonly config?: Readonly<Record<string, unknown>>;
  /** Its environment beside that of this process; TCP_NODELAY=1 unless told otherwise. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface Orthanc {
  readonly httpPort: number;
  readonly dicomPort: number;
  /** `http://127.0.0.1:port`; for TLS see tls-front.ts. */
  readonly url: string;
  readonly dicomWebUrl: string;
  /** Where it keeps its files and its index. */
  readonly storageFolder: string;
  /** The last lines of its log, for what fails in it without a word to its client. */
  log(): string;
  /** Process id of the running process. */
  pid(): number | undefined;
  /** Stops the process; its data stay. */
  stop(): Promise<void>;
  /** Kills the process at once; its data stay. */
  kill(): Promise<void>;
  /** Starts it again on the same ports and data. */
  start(): Promise<void>;
  /** Stops it and removes its folder. */
  remove(): Promise<void>;
}

/** Starts an Orthanc and resolves when it serves. */
export async function startOrthanc(options: OrthancOptions = {}): Promise<Orthanc> {
  const folder = await mkdtemp(join(tmpdir(), 'anteroom-orthanc-'));
  const [httpPort, dicomPort] = [await freePort(), await freePort()];
  const configPath = join(folder, 'orthanc.json');
  await writeFile(configPath, JSON.stringify(configuration(folder, httpPort, dicomPort, options), null, 2));
  let running: ChildProcess | undefined;
  const end = async (signal: NodeJS.Signals): Promise<void> => {
    const child = running;
    running = undefined;
    if (child === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  const url = `http://127.0.0.1:${String(httpPort)}`;
  const lines: string[] = [];
  const orthanc: Orthanc = {
    httpPort,
    dicomPort,
    url,
    dicomWebUrl: `${url}/dicom-web`,
    storageFolder: join(folder, 'db'),
    log: () => lines.join('\n'),
    pid: () => running?.pid,
    stop: () => end('SIGTERM'),
    kill: () => end('SIGKILL'),
    start: async () => {
      running = await launch(configPath, options.env ?? NO_DELAY, lines);
    },
    remove: async () => {
      await end('SIGKILL');
      await rm(folder, { recursive: true, force: true });
    },
  };
  try {
    await orthanc.start();
  } catch (error) {
    await orthanc.remove();
    throw error;
  }
  return orthanc;
}

function configuration(folder: string, httpPort: number, dicomPort: number, { users, config }: OrthancOptions): Record<string, unknown> {
  return {
    Name: 'anteroom-test',
    StorageDirectory: join(folder, 'db'),
    IndexDirectory: join(folder, 'db'),
    HttpPort: httpPort,
    HttpBindAddresses: ['127.0.0.1'],
    RemoteAccessAllowed: true,
    DicomPort: dicomPort,
    DicomAet: 'ORTHANC',
    DicomCheckCalledAet: false,
    AuthenticationEnabled: users !== undefined,
    RegisteredUsers: users ?? {},
    Plugins: [DICOMWEB_PLUGIN],
    DicomWeb: { Enable: true, Root: '/dicom-web/', StudiesMetadata: 'Full', SeriesMetadata: 'Full' },
    ...config,
  };
}

/** Debian's builds write header and body apart and wait 40 ms in between without this. */
const NO_DELAY = { TCP_NODELAY: '1' };

/** Of its log. */
const KEPT_LINES = 200;

/** Resolves when the log says that Orthanc has started; `lines` gets the last of it. */
async function launch(configPath: string, env: Readonly<Record<string, string>>, lines: string[]): Promise<ChildProcess> {
  const child = spawn('Orthanc', [configPath], { env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  await new Promise<void>((resolve, reject) => {
    const deadline = setTimeout(() => {
      child.kill('SIGKILL');
      reject(new Error(`Orthanc did not start in ${String(START_DEADLINE_MS)} ms:\n${lines.join('\n')}`));
    }, START_DEADLINE_MS);
    const settle = (then: () => void): void => {
      clearTimeout(deadline);
      then();
    };
    child.once('error', (error) => settle(() => reject(error)));
    child.once('exit', (code) => settle(() => reject(new Error(`Orthanc ended with ${String(code)}:\n${lines.join('\n')}`))));
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        lines.push(line);
        if (lines.length > KEPT_LINES) lines.shift();
        if (line.includes('Orthanc has started')) settle(resolve);
      });
    }
  });
  return child;
}

/** Below the ports that the system gives to outgoing connections: a process that is killed finds its own free again. */
const LOWEST_PORT = 20_000;
const PORT_COUNT = 12_000;
const given = new Set<number>();

/** A port that was free a moment ago: Orthanc does not say which one it took for 0. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = LOWEST_PORT + Math.floor(Math.random() * PORT_COUNT);
    if (given.has(port) || !(await isFree(port))) continue;
    given.add(port);
    return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    server.close();
    await once(server, 'close');
    return true;
  } catch {
    return false;
  }
}
