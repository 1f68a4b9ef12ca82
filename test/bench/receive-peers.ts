/** The receivers that the bench `receive` compares, each a process of its own whose CPU time and memory can be read. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { dcmtkWith, NO_DELAY, startStorescpWith } from '../support/dcmtk.js';
import { startNode } from '../support/node.js';
import { startOrthanc } from '../support/orthanc.js';
import { tempFolder } from '../support/temp.js';
import { NODE } from './report.js';

export type PeerName = typeof NODE | 'storescp' | 'storescp+B' | 'orthanc' | 'raw' | 'raw+fsync';

/** A receiver under measurement. */
export interface Peer {
  readonly name: PeerName;
  readonly pid: number;
  /** Seconds until all files were answered, over so many associations. */
  send(files: readonly string[], associations: number): Promise<number>;
  /** Where it keeps what it receives. */
  readonly folder: string;
  stop(): Promise<void>;
}

const RAW = 'test/bench/raw.mjs';
const PDU_BYTES = '131072';

type Environment = Readonly<Record<string, string>>;

/** Starts all peers. Without `noDelay`, dcmtk and Orthanc run as Debian's packages do where nobody sets TCP_NODELAY=1. */
export async function startPeers(noDelay: boolean): Promise<Peer[]> {
  const env = noDelay ? NO_DELAY : {};
  const peers = [await nodePeer(env), await storescpPeer('storescp', [], env), await orthancPeer(env)];
  if (!noDelay) return peers;
  return [...peers, await storescpPeer('storescp+B', ['+B'], env), await rawPeer('raw'), await rawPeer('raw+fsync', 'fsync')];
}

async function nodePeer(env: Environment): Promise<Peer> {
  const node = await startNode({ settings: { settle: { quietS: 3600 } } });
  return {
    name: NODE,
    pid: node.pid() ?? 0,
    send: (files, associations) => storescu(node.dicomPort, files, associations, env),
    folder: join(node.dataDir, 'archive'),
    stop: () => node.remove(),
  };
}

async function storescpPeer(name: PeerName, options: readonly string[], env: Environment): Promise<Peer> {
  const folder = tempFolder('bench-storescp');
  const storescp = await startStorescpWith(env, ...options, '-pdu', PDU_BYTES, '-od', folder);
  return {
    name,
    pid: storescp.pid,
    send: (files, associations) => storescu(storescp.port, files, associations, env),
    folder,
    stop: () => storescp.stop(),
  };
}

async function orthancPeer(env: Environment): Promise<Peer> {
  const orthanc = await startOrthanc({ env });
  return {
    name: 'orthanc',
    pid: orthanc.pid() ?? 0,
    send: (files, associations) => storescu(orthanc.dicomPort, files, associations, env),
    folder: orthanc.storageFolder,
    stop: () => orthanc.remove(),
  };
}

async function rawPeer(name: PeerName, ...options: readonly string[]): Promise<Peer> {
  const folder = tempFolder('bench-raw');
  const child = spawn(process.execPath, [RAW, 'serve', folder, ...options], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [first] = (await once(child.stdout, 'data')) as [Buffer];
  const port = first.toString().trim();
  return {
    name,
    pid: child.pid ?? 0,
    send: (files, associations) =>
      Promise.resolve(
        Number(execFileSync(process.execPath, [RAW, 'send', port, String(associations)], { input: files.join('\n'), encoding: 'utf8' })),
      ),
    folder,
    stop: async () => {
      const exited = once(child, 'exit');
      child.kill();
      await exited;
    },
  };
}

/**
 * Gives the disk and the page cache back what a peer has received, by making its files empty. They are not deleted: for some minutes
 * after a deletion ext4 looks for inodes that are not those, which makes each new file cost more than receiving it.
 */
export function emptyFiles(folder: string): void {
  for (const entry of readdirSync(folder, { withFileTypes: true, recursive: true }))
    if (entry.isFile() && !KEPT.test(entry.name)) truncateSync(join(entry.parentPath, entry.name));
}

/** What is not an instance: Orthanc's index. */
const KEPT = /^index/;

/** The files dealt out evenly over so many `storescu`; seconds until the last of them has ended. */
async function storescu(port: number, files: readonly string[], associations: number, env: Environment): Promise<number> {
  const shares = Array.from({ length: associations }, (_, index) => files.filter((_file, at) => at % associations === index));
  const startedAt = performance.now();
  const args = ['-pdu', PDU_BYTES, '-aec', 'ANTEROOM', '127.0.0.1', String(port)];
  const ended = await Promise.all(shares.map((share) => dcmtkWith(env, 'storescu', ...args, ...share)));
  const seconds = (performance.now() - startedAt) / 1000;
  const failed = ended.find(({ code }) => code !== 0);
  if (failed !== undefined) throw new Error(`storescu ended with ${String(failed.code)}: ${failed.output.slice(0, 2000)}`);
  return seconds;
}
