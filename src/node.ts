/** The composition root: builds the parts, starts and stops them in order; the only file that knows them all. */
import { adminRoutes } from './api/admin-routes.js';
import { serveAdmin, serveDicomWeb } from './api/server.js';
import { archivePort } from './api/archive-port.js';
import { bytesOfFile } from './archive/bytes-of-file.js';
import { dataFolders, type DataFolders } from './archive/folders.js';
import { outboxDestinations } from './delivery/destinations.js';
import { startWithdrawals } from './delivery/withdrawals.js';
import { startOutbox } from './delivery/outbox.js';
import type { Equipment } from './dicom/equipment.js';
import { dicomWebRouter } from './dicomweb/server/router.js';
import { startModelTests } from './evaluation/test-schedule.js';
import { findStudiesAt, startFetcher } from './fetching/fetcher.js';
import { fetchSources } from './fetching/sources.js';
import { Bell, startStageLoop } from './foundation/bell.js';
import { systemClock } from './foundation/clock.js';
import { loggerOf } from './foundation/log.js';
import { Releasers } from './foundation/releasers.js';
import { NODE_MANUFACTURER, nodeVersion } from './foundation/version.js';
import type { InstanceFacts } from './intake/inspect.js';
import { acceptPart10, type Part10Origin, type Pieces } from './intake/part10-door.js';
import { retentionRules } from './intake/retention.js';
import { startReceiver, type Receiver } from './intake/receiver.js';
import { receiverSettings } from './intake/receiver-settings.js';
import { startCountAsker } from './intake/count-asker.js';
import { countSources } from './intake/count-source.js';
import { startTakeIn } from './intake/take-in.js';
import { settleDueStudies, type SettleOptions } from './intake/settle.js';
import { Db } from './ledger/database.js';
import { COPY_AE_TITLE } from './ledger/evaluations.js';
import { currentInstance, withdrawInstance } from './ledger/instances.js';
import { lockFolder } from './ledger/lock.js';
import { containerId, nodeId } from './ledger/node-facts.js';
import { destinationsOfRun, lastAttempt, runById, type RunRow } from './ledger/runs.js';
import type { ModelYaml } from './models/model-yaml.js';
import { capacityOf, demandFits, needsOf, whyNever } from './models/needs.js';
import { readModelPackage } from './models/package.js';
import { readSource } from './models/catalogue/read-source.js';
import { register } from './models/register.js';
import { lookForUpdate } from './models/update.js';
import { refusedModels, refusedUse, useRules } from './models/use-gate.js';
import { makeDueResults, type ResultsOptions } from './results/stage.js';
import type { RuleLimits } from './routing/limits.js';
import { refusedByCard } from './routing/card-of-run.js';
import { rulesContext } from './routing/rules-context.js';
import { activeModels, decideSettledVersions } from './routing/router.js';
import { reroute } from './routing/reroute.js';
import { requiredBy } from './routing/required-series.js';
import { RulesInForce } from './routing/rules-in-force.js';
import { watchRules } from './routing/watch.js';
import { RunQueue } from './runs/queue.js';
import { takingLabelMaps } from './settings/destination-schema.js';
import { TrialsBeside } from './runs/trials-beside.js';
import { whyWaiting } from './runs/why-waiting.js';
import { attemptFolders } from './runs/run-folders.js';
import { createDockerRuntime } from './runs/runtimes/docker.js';
import { imageReader } from './runs/runtimes/image-reader.js';
import { createProcessRuntime } from './runs/runtimes/process.js';
import type { Runtime } from './runs/runtimes/runtime.js';
import type { Environment } from './settings/load.js';
import { FIRST_LISTENER } from './settings/listener-schema.js';
import { rulesByAeTitle, settlePolicies } from './settings/listeners.js';
import type { Settings } from './settings/schema.js';

const log = loggerOf('node');
const STOP_GRACE_MS = 5_000;

export interface AnteroomNode {
  readonly version: string;
  readonly dicomPort: number;
  readonly httpPort: number;
  /** Resolves when everything has ended; containers go on. */
  stop(): Promise<void>;
}

/** Starts a node. Rejects with NODE_ALREADY_RUNNING, CONFIG_INVALID, RULES_INVALID and the like, and leaves nothing running then. */
export async function startNode(settings: Settings, environment: Environment): Promise<AnteroomNode> {
  const releasers = new Releasers();
  try {
    return await assemble(settings, environment, releasers);
  } catch (error) {
    await releasers.releaseAll();
    throw error;
  }
}

async function assemble(settings: Settings, environment: Environment, releasers: Releasers): Promise<AnteroomNode> {
  const folders = dataFolders(settings.dataDir);
  releasers.add(lockFolder(folders.root));
  const [clock, bell] = [systemClock, new Bell()];
  const db = Db.open(folders.ledgerFile, { migrate: true });
  releasers.add(() => db.close());
  const id = nodeId(db);
  const use = useRules(settings);
  const rules = new RulesInForce({
    db,
    folder: settings.rulesDir,
    context: () => rulesContext(settings, activeModels(db), refusedModels(db, use, clock())),
    clock,
    casesMustPass: settings.rules.casesMustPass,
    asideFolder: folders.rulesAside,
  });

  const runtimes: Record<Runtime['kind'], Runtime> = {
    docker: createDockerRuntime({ socketPath: settings.docker.socket, log: loggerOf('runs') }),
    process: createProcessRuntime({ stateDir: folders.processes, log: loggerOf('runs') }),
  };
  const images = imageReader(runtimes.docker);
  const receiver = await startReceiver(
    receiverSettings(settings, folders, environment),
    () => bell.ring('intake'),
    () => {
      log.error('the receiver is lost: the node ends, so that its supervisor starts it again');
      process.exit(1);
    },
  );
  releasers.add(() => receiver.stop(STOP_GRACE_MS));

  const { takeIn, incoming } = folders;
  releasers.add(startTakeIn({ folder: takeIn, incomingFolder: incoming, receiver, calledAe: settings.dimse.aeTitle }));

  const capacity = capacityOf(settings.runs.resources);
  const { window } = settings.modelTests;
  const trials = new TrialsBeside({ db, bell, clock, nodeId: id, runtimes, settings: settings.runs, capacity, window });
  const work = { db, clock, nodeId: id, archiveFolder: folders.archive, labelMapDestinations: takingLabelMaps(settings.destinations) };
  const queue = new RunQueue({
    ...work,
    trials,
    bell,
    containerId: containerId(db),
    runsFolder: folders.runs,
    runtimes,
    settings: settings.runs,
    capacity,
    useRefusalOf: (run) => refusedUse(db, run, destinationsOfRun(run), use, clock()),
    refusalOf: (run) => refusedByCard(db, run),
  });
  const equipment = nodeEquipment(settings.node.name, id);
  const destinations = outboxDestinations(settings.destinations, {
    db,
    clock,
    environment,
    ownAeTitle: settings.dimse.aeTitle,
    archive: {
      store: async (path) => {
        await store(receiver, folders, bytesOfFile(path), {
          callingAe: settings.dimse.aeTitle,
          calledAe: settings.dimse.aeTitle,
          remoteAddress: 'node',
        });
      },
      holds: (sopInstanceUid) => currentInstance(db, sopInstanceUid) !== undefined,
      dataSetSha256: (sopInstanceUid) => currentInstance(db, sopInstanceUid)?.sha256,
      withdraw: (sopInstanceUid) => void withdrawInstance(db, sopInstanceUid),
    },
    resultsFolder: folders.results,
    equipment,
  });

  const results: ResultsOptions = {
    ...work,
    resultsFolder: folders.results,
    outputFolderOf: (runId, attempt) => attemptFolders(folders.runs, runId, attempt).outputDir,
    equipment,
  };

  const settling: SettleOptions = {
    policyOf: (calledAe) => settlePolicies(settings).get(calledAe) ?? settings.settle,
    requiredBy: (study) => requiredBy(db, study, rules.current(), rulesByAeTitle(settings)),
  };
  releasers.add(startStageLoop({ stage: 'intake', bell, log, work: () => settle(db, bell, settling) }));
  releasers.add(startCountAsker({ db, bell, clock, sources: countSources(settings, environment) }));
  releasers.add(watchRules({ folder: settings.rulesDir, bell, look: () => rules.look() }));
  releasers.add(startStageLoop({ stage: 'routing', bell, log, work: () => route(db, bell, rules, rulesByAeTitle(settings)) }));
  queue.start();
  releasers.add(() => queue.stop());
  releasers.add(
    startStageLoop({
      stage: 'results',
      bell,
      log,
      work: async (isStopping) => {
        if ((await makeDueResults(results, isStopping)) > 0) bell.ring('delivery');
        return undefined;
      },
    }),
  );
  releasers.add(
    startOutbox({
      db,
      bell,
      clock,
      resultsFolder: folders.results,
      destinations,
      refusalOf: ({ run_id: run, destination }) => refusedUse(db, runById(db, run) as RunRow, [destination], use, clock()),
    }),
  );
  releasers.add(startWithdrawals({ db, bell, clock, resultsFolder: folders.results, destinations }));

  const ownAeTitle = settings.dimse.aeTitle;
  const sources = fetchSources(settings.sources, {
    environment,
    ownAeTitle,
    storeFrom: (remoteAddress) => async (bytes) => {
      await store(receiver, folders, bytes, { callingAe: 'WADO-RS', calledAe: ownAeTitle, remoteAddress });
    },
  });
  releasers.add(startFetcher({ db, bell, clock, sources }));
  releasers.add(startModelTests({ db, bell, clock, trials, settings: settings.modelTests, folder: folders.modelTests }));

  const dicomWeb = await serveDicomWeb(
    settings.http.host,
    settings.http.port,
    dicomWebRouter(
      archivePort(db, folders.archive, (bytes, remoteAddress, check) =>
        store(receiver, folders, bytes, { callingAe: 'STOW-RS', calledAe: settings.dimse.aeTitle, remoteAddress }, check),
      ),
      { corsOrigins: settings.http.corsOrigins, log: loggerOf('dicomweb') },
    ),
  );
  releasers.add(dicomWeb.close);
  const version = nodeVersion();
  const dicomPort = receiver.ports.get(FIRST_LISTENER) ?? 0;
  releasers.add(
    await serveAdmin(
      folders.socketFile,
      adminRoutes({
        db,
        bell,
        clock,
        version,
        nodeName: settings.node.name,
        dicomPort,
        listeners: receiver.ports,
        diskState: () => receiver.disk.state(),
        httpPort: dicomWeb.port,
        rules,
        keeping: {
          retention: retentionRules(settings),
          dataFolder: folders.root,
          purge: (study) => receiver.purge(study),
        },
        registerModel: async (folder, options) => {
          const model = readModelPackage(folder, options);
          demandFits(model.card.name, needsOf(model.model, settings.runs, capacity), capacity);
          return register(db, model, { ...images, ...options, at: clock() });
        },
        storeCopy: async (file) => {
          await store(receiver, folders, [file], { callingAe: COPY_AE_TITLE, calledAe: ownAeTitle, remoteAddress: 'node' });
        },
        readCatalogue: (source) => readSource(db, source, images, clock),
        reroute: (study, asked) => reroute(db, study, { rules: rules.current(), limits: rulesByAeTitle(settings), now: clock() }, asked),
        findStudies: (source, query) => findStudiesAt(sources, source, query),
        destinations: [...destinations.keys()],
        whyWaiting: (ids) => whyWaiting(db, { settings: settings.runs, capacity }, clock(), ids),
        useRules: use,
        onDrift: settings.modelTests.onDrift,
        lookForUpdate: (row) => lookForUpdate(row, images),
        whyNeverFits: (model) => whyNever(needsOf(JSON.parse(model.package) as ModelYaml, settings.runs, capacity), capacity),
        logPathOf: (runId) => {
          const attempt = lastAttempt(db, runId);
          return attempt && attemptFolders(folders.runs, runId, attempt.number).logPath;
        },
      }),
    ),
  );
  for (const [name, port] of receiver.ports) log.info('listening', { kind: name, port });
  log.info('node started', { port: dicomPort });
  return { version, dicomPort, httpPort: dicomWeb.port, stop: () => releasers.releaseAll() };
}

/** How this node calls itself in the objects that it makes. */
function nodeEquipment(name: string, id: string): Equipment {
  return { manufacturer: NODE_MANUFACTURER, modelName: name, deviceSerialNumber: id, softwareVersions: [`anteroom ${nodeVersion()}`] };
}

function settle(db: Db, bell: Bell, options: SettleOptions): number | undefined {
  const { settled, asking, nextDueAt } = settleDueStudies(db, systemClock(), options);
  if (settled > 0) bell.ring('routing');
  if (asking > 0) bell.ring('counts');
  return nextDueAt;
}

function route(db: Db, bell: Bell, rules: RulesInForce, limits: RuleLimits): undefined {
  if (decideSettledVersions(db, rules.current(), systemClock(), limits) > 0) bell.ring('runs');
}

async function store(
  receiver: Receiver,
  folders: DataFolders,
  bytes: Pieces,
  origin: Part10Origin,
  check?: (facts: InstanceFacts) => void,
) {
  return (await acceptPart10(bytes, origin, receiver, folders.incoming, check)).facts;
}
