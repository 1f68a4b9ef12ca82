/**
 * How fast CT images come in by C-STORE, beside dcmtk's storescp and Orthanc, with 1, 4 and 8 associations. The node has each
 * image on the disk (fdatasync, fsync of the folder, commit) before it answers; storescp promises nothing of that kind.
 * Beside it the raw limits: a bare Node socket-to-disk server without any protocol, with and without the same flushes.
 */
import { execFileSync } from 'node:child_process';
import { missingForNode } from '../support/node.js';
import { missingForOrthanc } from '../support/orthanc.js';
import { cpuSeconds, forgetPeak, residentMb } from '../support/process-figures.js';
import { tempFolder } from '../support/temp.js';
import { missingTools } from '../support/tools.js';
import { writeCtImages } from './ct-images.js';
import { emptyFiles, startPeers, type Peer, type PeerName } from './receive-peers.js';
import { median, NODE, type BenchOptions } from './report.js';

/** Associations at the same time, and the images that they send in all; in the default environment dcmtk waits 40 ms for each. */
const LOADS = [
  { associations: 1, images: 300, slowImages: 20 },
  { associations: 4, images: 600, slowImages: 80 },
  { associations: 8, images: 1200, slowImages: 160 },
] as const;
const IMAGE_GB = (528 * 1024) / 1e9;

interface Passage {
  readonly imagesPerSecond: number;
  readonly cpuSecondsPerGb: number;
  readonly peakRssMb: number;
}

/** Medians of all passages; the memory is the highest of them. */
export interface ReceiveRow extends Passage {
  readonly case: 'receive';
  readonly environment: 'TCP_NODELAY=1' | 'default';
  readonly peer: PeerName;
  readonly associations: number;
  /** Before the first passage. */
  readonly idleRssMb: number;
}

/** Runs the case. */
export async function run({ repeats }: BenchOptions): Promise<ReceiveRow[]> {
  const missing = [...missingForNode(), ...missingTools('storescu', 'storescp'), ...missingForOrthanc()];
  if (missing.length > 0) throw new Error(`receive cannot run here, missing: ${missing.join(', ')}`);
  return [...(await measure('TCP_NODELAY=1', repeats)), ...(await measure('default', repeats))];
}

async function measure(environment: ReceiveRow['environment'], repeats: number): Promise<ReceiveRow[]> {
  const peers = await startPeers(environment === 'TCP_NODELAY=1');
  const idle = new Map(peers.map(({ name, pid }) => [name, residentMb(pid).now]));
  try {
    const rows: ReceiveRow[] = [];
    for (const { associations, images, slowImages } of LOADS) {
      const passages = await interleaved(peers, associations, environment === 'default' ? slowImages : images, repeats);
      for (const [peer, of] of passages)
        rows.push({ case: 'receive', environment, peer, associations, ...summary(of), idleRssMb: idle.get(peer) ?? 0 });
    }
    print(environment, rows, repeats);
    return rows;
  } finally {
    for (const peer of peers) await peer.stop();
  }
}

/** Each peer takes the same images in turn; a first round is not counted. */
async function interleaved(
  peers: readonly Peer[],
  associations: number,
  images: number,
  repeats: number,
): Promise<Map<PeerName, Passage[]>> {
  const passages = new Map<PeerName, Passage[]>(peers.map(({ name }) => [name, []]));
  const folder = tempFolder('bench-series');
  for (let round = 0; round <= repeats; round++) {
    const files = writeCtImages(folder, `${String(associations)}.${String(Date.now())}`, images);
    for (const peer of peers) {
      const passage = await pass(peer, files, associations);
      if (round > 0) passages.get(peer.name)?.push(passage);
    }
    process.stderr.write(`  ${String(associations)} associations: round ${String(round)} of ${String(repeats)}\n`);
  }
  return passages;
}

async function pass(peer: Peer, files: readonly string[], associations: number): Promise<Passage> {
  // What a peer before has left in the page cache must not be written back in this one's time.
  execFileSync('sync');
  forgetPeak(peer.pid);
  const cpuBefore = cpuSeconds(peer.pid);
  const seconds = await peer.send(files, associations);
  const cpu = cpuSeconds(peer.pid) - cpuBefore;
  const { peak } = residentMb(peer.pid);
  emptyFiles(peer.folder);
  return { imagesPerSecond: files.length / seconds, cpuSecondsPerGb: cpu / (files.length * IMAGE_GB), peakRssMb: peak };
}

function summary(passages: readonly Passage[]): Passage {
  return {
    imagesPerSecond: rounded(median(passages.map((passage) => passage.imagesPerSecond))),
    cpuSecondsPerGb: rounded(median(passages.map((passage) => passage.cpuSecondsPerGb))),
    peakRssMb: rounded(Math.max(...passages.map((passage) => passage.peakRssMb))),
  };
}

function print(environment: string, rows: readonly ReceiveRow[], repeats: number): void {
  console.log(`\nC-STORE of CT images of 528 KB by storescu, ${environment}, medians of ${String(repeats)}`);
  console.log('associations  peer          images/s  of the node  CPU s/GB  peak RSS MB (idle)');
  for (const { peer, associations, imagesPerSecond, cpuSecondsPerGb, peakRssMb, idleRssMb } of rows) {
    const own = rows.find((row) => row.peer === NODE && row.associations === associations)?.imagesPerSecond ?? 0;
    const ratio = peer === NODE ? '' : `${(own / imagesPerSecond).toFixed(2)} x`;
    console.log(
      `${String(associations).padStart(12)}  ${peer.padEnd(12)}${imagesPerSecond.toFixed(0).padStart(10)}${ratio.padStart(13)}` +
        `${cpuSecondsPerGb.toFixed(2).padStart(10)}${peakRssMb.toFixed(0).padStart(13)} (${idleRssMb.toFixed(0)})`,
    );
  }
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
