/** The receiver's thread: the DIMSE listener and the only writer of instance rows, with its own connection to the ledger. */
import { parentPort, workerData } from 'node:worker_threads';
import { removePartFiles, sweepArchive } from '../archive/sweep.js';
import { startScp } from '../dimse/scp.js';
import { systemClock } from '../foundation/clock.js';
import { toAnteroomError } from '../foundation/errors.js';
import { loggerOf, relayLog, setLogLevel, type LogLevel } from '../foundation/log.js';
import { Db } from '../ledger/database.js';
import { instanceAtPath } from '../ledger/instances.js';
import { Acceptor } from './accept.js';
import { DiskGuard } from './disk-space.js';
import type { FromReceiver, ReceiverSettings, ToReceiver } from './receiver-protocol.js';
import { openStoreSink } from './store-sink.js';

/** A file younger than this may belong to a commit under way. */
const SWEEP_MIN_AGE_MS = 10 * 60_000;
const SWEEP_EVERY_MS = 24 * 3_600_000;

const settings = workerData as ReceiverSettings;
const port = parentPort;
if (port === null) throw new Error('the receiver runs as a worker thread of the node');

const tell = (message: FromReceiver) => {
  port.postMessage(message);
};

setLogLevel(settings.logLevel as LogLevel | 'silent');
relayLog((line) => {
  tell({ kind: 'log', line });
});
const log = loggerOf('intake');
const db = Db.open(settings.ledgerFile, { migrate: false });
const acceptor = new Acceptor({
  db,
  archiveFolder: settings.archiveFolder,
  clock: systemClock,
  quiet: settings.quiet,
  onCommitted: () => {
    tell({ kind: 'committed' });
  },
});

try {
  removePartFiles(settings.incomingFolder);
  const disk = await DiskGuard.start(settings.archiveFolder, settings.disk);
  const scp = await startScp(
    { ...settings.scp, log: loggerOf('dimse') },
    { openStore: (context) => openStoreSink(context, acceptor, disk, settings.incomingFolder) },
  );
  port.on('message', (message: ToReceiver) => {
    if (message.kind === 'accept') void answer(message.call, message.candidate);
    else void stop(message.graceMs);
  });
  tell({ kind: 'listening', port: scp.port });
  void sweepOrphans();
  setInterval(() => void sweepOrphans(), SWEEP_EVERY_MS).unref();

  async function answer(call: number, candidate: Parameters<Acceptor['accept']>[0]): Promise<void> {
    try {
      disk.demand();
      tell({ kind: 'accepted', call, acceptance: await acceptor.accept(candidate) });
    } catch (thrown) {
      const { code, seen } = toAnteroomError(thrown);
      tell({ kind: 'refused', call, code, seen });
    }
  }

  async function stop(graceMs: number): Promise<void> {
    await scp.close(graceMs);
    disk.stop();
    db.close();
    tell({ kind: 'stopped' });
    port?.close();
  }
} catch (thrown) {
  const { code, seen } = toAnteroomError(thrown);
  tell({ kind: 'failed', code, seen });
  db.close();
  port.close();
}

async function sweepOrphans(): Promise<void> {
  try {
    const deleted = await sweepArchive(
      settings.archiveFolder,
      (path) => instanceAtPath(db, path) !== undefined,
      SWEEP_MIN_AGE_MS,
      systemClock(),
    );
    if (deleted > 0) log.info('swept files that no row knows', { count: deleted });
  } catch (thrown) {
    log.warn('sweep failed', { seen: toAnteroomError(thrown).seen });
  }
}
