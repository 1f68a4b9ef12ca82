/** What the receiver's thread is told of the settings. */
import type { DataFolders } from '../archive/folders.js';
import type { Environment } from '../settings/load.js';
import { settlePolicies } from '../settings/listeners.js';
import type { Settings } from '../settings/schema.js';
import { shortestQuietMs } from '../settings/settle-schema.js';
import { listenerOptions } from './listener-options.js';
import { retentionRules } from './retention.js';
import type { ReceiverSettings } from './receiver-protocol.js';
import { serviceSettings } from './service-settings.js';

/** The settings of the node as its receiver needs them. Throws CONFIG_INVALID where a TLS file or secret cannot be read. */
export function receiverSettings(settings: Settings, folders: DataFolders, environment: Environment): ReceiverSettings {
  const { disk, log: logging } = settings;
  return {
    ledgerFile: folders.ledgerFile,
    archiveFolder: folders.archive,
    incomingFolder: folders.incoming,
    lookMs: shortestQuietMs([settings.settle, ...settlePolicies(settings).values()]),
    resultsFolder: folders.results,
    runsFolder: folders.runs,
    retention: retentionRules(settings),
    disk: { warnFreeBytes: disk.warnFreeMb * 1_000_000, refuseFreeBytes: disk.refuseFreeMb * 1_000_000 },
    listeners: listenerOptions(settings, environment),
    services: serviceSettings(settings),
    logLevel: logging.level,
  };
}
