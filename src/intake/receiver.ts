/** The node's side of its receiver: starts the thread, passes instances of the other door to it, and hears of commits. */
import { Worker } from 'node:worker_threads';
import { AnteroomError } from '../foundation/errors.js';
import { loggerOf, writeRelayedLog } from '../foundation/log.js';
import type { PurgeRow } from '../ledger/retention.js';
import type { Acceptance, Candidate } from './accept.js';
import { DiskGuard } from './disk-space.js';
import type { FromReceiver, ReceiverSettings, ToReceiver } from './receiver-protocol.js';

const log = loggerOf('intake');

export interface Receiver {
  /** The ports of its listeners by name, `dimse` first. */
  readonly ports: ReadonlyMap<string, number>;
  /** The room that the other door has to ask for. */
  readonly disk: DiskGuard;
  /** The door for objects that came over HTTP or that the node made: resolves when durable. Rejects with the refusal. */
  accept(candidate: Candidate): Promise<Acceptance>;
  /** Purges a study by hand: its rows and files are written by the receiver alone. Rejects with NOT_FOUND or STUDY_KEPT. */
  purge(studyInstanceUid: string): Promise<PurgeRow>;
  /** Stops listening, lets associations end within `graceMs`, then aborts them. */
  stop(graceMs: number): Promise<void>;
}

/** Starts the receiver. Rejects where it cannot listen. `onLost` is called if the thread dies: the node must not go on without its door. */
export async function startReceiver(
  settings: ReceiverSettings,
  onCommitted: () => void,
  onLost: (error: Error) => void,
): Promise<Receiver> {
  const worker = new Worker(new URL('./receiver-thread.js', import.meta.url), { workerData: settings });
  const calls = new Map<number, { resolve: (answer: never) => void; reject: (e: unknown) => void }>();
  let nextCall = 0;
  let listening = false;
  let stopping = false;
  const send = (message: ToReceiver) => {
    worker.postMessage(message);
  };
  const ask = <T>(message: (call: number) => ToReceiver) =>
    new Promise<T>((resolve, reject) => {
      const call = nextCall++;
      calls.set(call, { resolve, reject });
      send(message(call));
    });
  const finishCall = (call: number) => {
    const waiting = calls.get(call);
    calls.delete(call);
    return waiting;
  };
  let stopped: () => void = () => undefined;
  const whenStopped = new Promise<void>((resolve) => (stopped = resolve));

  const ports = await new Promise<ReadonlyMap<string, number>>((resolve, reject) => {
    worker.on('message', (message: FromReceiver) => {
      switch (message.kind) {
        case 'listening':
          listening = true;
          return resolve(message.ports);
        case 'failed':
          return reject(new AnteroomError(message.code, message.seen));
        case 'committed':
          return onCommitted();
        case 'accepted':
          return finishCall(message.call)?.resolve(message.acceptance as never);
        case 'purged':
          return finishCall(message.call)?.resolve(message.purge as never);
        case 'refused':
          return finishCall(message.call)?.reject(new AnteroomError(message.code, message.seen));
        case 'log':
          return writeRelayedLog(message.line);
        case 'stopped':
          return stopped();
      }
    });
    worker.on('error', reject);
    worker.on('exit', () => {
      stopped();
      const gone = new AnteroomError('STORE_FAILED', 'the receiver stopped');
      reject(gone);
      for (const call of calls.values()) call.reject(gone);
      calls.clear();
      if (listening && !stopping) onLost(gone);
    });
    worker.on('error', (error) => log.error('the receiver died', { seen: error.message, stack: error.stack }));
  });

  const disk = new DiskGuard(settings.archiveFolder, settings.disk, false);
  return {
    ports,
    disk,
    accept: (candidate) => ask<Acceptance>((call) => ({ kind: 'accept', call, candidate })),
    purge: (studyInstanceUid) => ask<PurgeRow>((call) => ({ kind: 'purge', call, studyInstanceUid })),
    stop: async (graceMs) => {
      stopping = true;
      send({ kind: 'stop', graceMs });
      await whenStopped;
      disk.stop();
      await worker.terminate();
    },
  };
}
