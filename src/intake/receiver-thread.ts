/** The receiver's thread: the DIMSE listener and the only writer of instance rows, with its own connection to the ledger. */
import { parentPort, workerData } from 'node:worker_threads';
import { removePartFiles, SWEEP_MIN_AGE_MS, sweepArchive } from '../archive/sweep.js';
import { startListeners, type RunningListeners } from '../dimse/listeners.js';
import { systemClock } from '../foundation/clock.js';
import { toAnteroomError } from '../foundation/errors.js';
import { atMostEvery } from '../foundation/throttle.js';
import { loggerOf, relayLog, setLogLevel, type LogLevel } from '../foundation/log.js';
import { forgetAssociations } from '../ledger/associations.js';
import { Db } from '../ledger/database.js';
import { isStored } from '../ledger/instances.js';
import { Acceptor } from './accept.js';
import { AssociationJournal } from './association-journal.js';
import { CommitmentDesk } from './commitment-desk.js';
import { servicesFor } from './dimse-services.js';
import { DiskGuard } from './disk-space.js';
import { InFlight } from './in-flight.js';
import { removeUnknownRuns, Retention } from './retention.js';
import type { FromReceiver, ReceiverSettings, ToReceiver } from './receiver-protocol.js';
import { StoreSinks } from './store-sink.js';
import { Undeletable } from './undeletable.js';

/** The node looks for what may settle at most this often; there are hundreds of commits a second. */
const TELL_EVERY_MS = 100;
const SWEEP_EVERY_MS = 24 * 3_600_000;
/** How long the rows of associations are kept for a person who looks for them. */
const ASSOCIATIONS_KEPT_MS = 7 * 24 * 3_600_000;

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
const instancesDb = Db.open(settings.ledgerFile, { migrate: false, flush: 'asked' });
const { archiveFolder, resultsFolder, runsFolder, lookMs } = settings;
const tellCommitted = atMostEvery(TELL_EVERY_MS, () => {
  tell({ kind: 'committed' });
});
const acceptor = new InFlight(new Acceptor({ db: instancesDb, archiveFolder, clock: systemClock, lookMs, onCommitted: tellCommitted }));
const undeletable = new Undeletable(db);
const retention = new Retention({
  db,
  clock: systemClock,
  inFlight: acceptor,
  archiveFolder,
  resultsFolder,
  runsFolder,
  undeletable,
  rules: settings.retention,
});
const journal = new AssociationJournal({
  db,
  clock: systemClock,
  lookMs,
  onEnded: tellCommitted,
});
const desk = new CommitmentDesk({
  db,
  clock: systemClock,
  archiveFolder,
  takesOn: settings.services.commits,
  peers: settings.services.peers,
  onEntered: () => {
    tell({ kind: 'committed' });
  },
});

try {
  // The descriptor for it is there from now on: what is open does not change with the first instance.
  await instancesDb.flush();
  removePartFiles(settings.incomingFolder);
  forgetAssociations(db, systemClock(), systemClock() - ASSOCIATIONS_KEPT_MS);
  const disk = new DiskGuard(settings.archiveFolder, settings.disk, true);
  const sinks = new StoreSinks(acceptor, disk, settings.incomingFolder, () => listeners.associations());
  const listeners: RunningListeners = await startListeners(settings.listeners, loggerOf('dimse'), {
    openStore: (context) => journal.watch(context, () => sinks.open(context)),
    associationClosed: (association) => journal.closed(association),
    servicesFor: servicesFor(db, archiveFolder, settings.services, desk.port),
  });
  port.on('message', (message: ToReceiver) => {
    if (message.kind === 'stop') void stop(message.graceMs);
    else void answer(message);
  });
  tell({ kind: 'listening', ports: listeners.ports });
  retention.start();
  const stopReports = desk.start();
  void sweepOrphans();
  setInterval(() => void sweepOrphans(), SWEEP_EVERY_MS).unref();

  async function answer(message: Exclude<ToReceiver, { kind: 'stop' }>): Promise<void> {
    const { call } = message;
    try {
      if (message.kind === 'purge') {
        tell({ kind: 'purged', call, purge: await retention.purge(message.studyInstanceUid) });
        return;
      }
      tell({ kind: 'accepted', call, acceptance: await acceptor.accept(message.candidate) });
    } catch (thrown) {
      const { code, seen } = toAnteroomError(thrown);
      tell({ kind: 'refused', call, code, seen });
    }
  }

  async function stop(graceMs: number): Promise<void> {
    await listeners.close(graceMs);
    journal.close();
    disk.stop();
    await stopReports();
    await retention.stop();
    closeLedger();
    tell({ kind: 'stopped' });
    port?.close();
  }
} catch (thrown) {
  const { code, seen } = toAnteroomError(thrown);
  tell({ kind: 'failed', code, seen });
  closeLedger();
  port.close();
}

function closeLedger(): void {
  instancesDb.close();
  db.close();
}

async function sweepOrphans(): Promise<void> {
  try {
    const isKnown = (path: string) => isStored(db, path);
    const remove = (path: string) => undeletable.removeFile(path);
    const deleted = await sweepArchive(archiveFolder, isKnown, SWEEP_MIN_AGE_MS, systemClock(), remove);
    const runs = await removeUnknownRuns({ db, clock: systemClock, runsFolder, undeletable });
    if (deleted + runs > 0) log.info('swept files that no row knows', { count: deleted + runs });
  } catch (thrown) {
    log.warn('sweep failed', { seen: toAnteroomError(thrown).seen });
  }
}
