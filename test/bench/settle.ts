/**
 * How often a study is taken for complete too early, and how long its result waits after the last instance: senders that
 * trickle, each to an AE title for each setting of the signals, and beside it the rules of peers on the same arrival times.
 * Time runs `SCALE` times as fast (a quiet time of 60 s is one of 12 s here); what is printed is in the seconds of real senders.
 */
import { setTimeout } from 'node:timers/promises';
import type { StudyView } from '../../src/api/views.js';
import { uniformRandom } from '../../src/dicom/phantom/random.js';
import { dcmtk } from '../support/dcmtk.js';
import { holdAssociation, type HeldAssociation } from '../support/held-association.js';
import { missingForNode, startNode, type TestNode } from '../support/node.js';
import { missingForOrthanc, startOrthanc, type Orthanc } from '../support/orthanc.js';
import { smallStudy, type SmallStudy } from '../support/small-study.js';
import { missingTools } from '../support/tools.js';
import { until } from '../support/until.js';
import { median, type BenchOptions } from './report.js';
import { PATTERNS, type Schedule, type Step } from './trickle.js';

const SCALE = 5;
const PER_SERIES = 8;
const QUIET_S = 60;
const SHORT_S = 5;
const SPREAD_S = 60;
const DEADLINE_MS = 240_000;

/** AE title to what the node goes by there. */
const SETTINGS = {
  QUIET: { name: 'quiet-time only', signals: [] },
  RELEASED: { name: 'association-released (the default)', signals: ['association-released'] },
  COUNT: { name: 'and expected-count, PACS has the study', signals: ['association-released', 'expected-count'] },
  COUNTLIVE: { name: 'and expected-count, PACS gets it too', signals: ['association-released', 'expected-count'] },
  REQUIRED: { name: 'required-series', signals: ['required-series'] },
} as const;
type Setting = keyof typeof SETTINGS;

/** Both series, each nearly whole: a rule can only know about how many slices there will be. */
const RULES = `
rules:
  - name: chest
    when: [{ tag: Modality, equals: CT }]
    completeWith:
      - [{ tag: SeriesNumber, equals: 1 }, { fact: instanceCount, atLeast: ${PER_SERIES - 1} }]
      - [{ tag: SeriesNumber, equals: 2 }, { fact: instanceCount, atLeast: ${PER_SERIES - 1} }]
    model: lungs
    destinations: [archive]
`;

interface Sent {
  readonly pattern: string;
  readonly setting: Setting;
  readonly study: SmallStudy;
  /** When the last C-STORE was answered; epoch ms. */
  readonly lastAt: number;
  /** By the pattern, in its seconds: what peers would have seen on a machine that is never late. */
  readonly arrivals: readonly Arrival[];
}

interface Arrival {
  readonly atS: number;
  readonly series: number;
}

interface SettleRow {
  readonly case: 'settle';
  readonly pattern: string;
  readonly peer: string;
  readonly studies: number;
  /** Settlings before the last instance had come. */
  readonly premature: number;
  /** Median seconds from the last instance to the settling that has all of them. */
  readonly secondsToSettled: number;
}

/** Runs the case, with as many seeds as repeats. */
export async function run({ repeats }: BenchOptions): Promise<SettleRow[]> {
  const missing = [...missingForNode(), ...missingForOrthanc(), ...missingTools('storescu')];
  if (missing.length > 0) throw new Error(`settle cannot run here, missing: ${missing.join(', ')}`);
  const pacs = await startOrthanc();
  const node = await startNode({ rules: { 'rules.yaml': RULES }, settings: settings(pacs) });
  try {
    const sendings = PATTERNS.flatMap(({ name }) =>
      (Object.keys(SETTINGS) as Setting[]).flatMap((setting) =>
        Array.from({ length: repeats }, (_, seed) => ({ pattern: name, setting, seed, study: smallStudy([PER_SERIES, PER_SERIES]) })),
      ),
    );
    const held = sendings.filter(({ setting }) => setting === 'COUNT').flatMap(({ study }) => study.files.flat());
    await dcmtk('storescu', '-aec', 'ORTHANC', '127.0.0.1', String(pacs.dicomPort), ...held);
    console.log(`sending ${sendings.length} studies, ${SCALE} times as fast as real senders`);
    const sent = await Promise.all(sendings.map((sending) => trickle(node, pacs, sending)));
    const views = await allWhole(node, sent);
    return report(sent, views);
  } finally {
    await node.remove();
    await pacs.remove();
  }
}

function settings(pacs: Orthanc): Record<string, unknown> {
  const titles = Object.entries(SETTINGS).map(([title, { signals }]) => ({ title, settle: { signals } }));
  return {
    dimse: { maxAssociations: 1000, aeTitles: titles },
    settle: { quietS: QUIET_S / SCALE, shortQuietS: SHORT_S / SCALE, countFrom: 'pacs' },
    destinations: { pacs: { kind: 'stow', url: pacs.dicomWebUrl } },
    log: { level: 'warn' },
  };
}

type Sending = Omit<Sent, 'arrivals' | 'lastAt'> & { readonly seed: number };

/** Sends one study as its pattern says. */
async function trickle(node: TestNode, pacs: Orthanc, { pattern, setting, seed, study }: Sending): Promise<Sent> {
  const random = uniformRandom(seed + 1);
  const schedule = PATTERNS.find(({ name }) => name === pattern)?.schedule(PER_SERIES, random) ?? [];
  let lastAt = 0;
  const open = new Map<number, Promise<HeldAssociation>>();
  const perform = async ({ association, what }: Step): Promise<void> => {
    const held = await (open.get(association) ??
      remember(
        open,
        association,
        holdAssociation(node.dicomPort, `CT${PATTERNS.findIndex(({ name }) => name === pattern)}-${seed}`, setting),
      ));
    if (what === 'release') return held.release();
    if (what === 'abort') {
      held.abort();
      return;
    }
    const bytes = study.slices.flat()[what];
    if (setting === 'COUNTLIVE') await fetch(`${pacs.url}/instances`, { method: 'POST', body: Buffer.from(bytes) });
    const [status] = await held.store(bytes);
    if (status !== 0) throw new Error(`C-STORE was answered ${status}`);
    lastAt = Date.now();
  };
  await setTimeout((random() * SPREAD_S * 1000) / SCALE);
  const runs = schedule.map(async (steps) => {
    for (const step of steps) {
      await setTimeout((step.afterS * 1000) / SCALE);
      await perform(step);
    }
  });
  await Promise.all(runs);
  return { pattern, setting, study, lastAt, arrivals: arrivalsOf(schedule) };
}

function arrivalsOf(schedule: Schedule): Arrival[] {
  const arrivals = schedule.flatMap((steps) => {
    let atS = 0;
    return steps.flatMap(({ afterS, what }) => {
      atS += afterS;
      return typeof what === 'number' ? [{ atS, series: what < PER_SERIES ? 0 : 1 }] : [];
    });
  });
  return arrivals.sort((a, b) => a.atS - b.atS);
}

function remember<K, V>(map: Map<K, V>, key: K, value: V): V {
  map.set(key, value);
  return value;
}

/** The studies when all have settled with every instance. */
async function allWhole(node: TestNode, sent: readonly Sent[]): Promise<Map<string, StudyView>> {
  const deadline = Date.now() + DEADLINE_MS;
  const list = () => node.admin.get<StudyView[]>('/studies?limit=10000');
  return until(
    'all studies to settle',
    async () => {
      const views = new Map((await list()).map((view) => [view.studyInstanceUid, view]));
      const whole = sent.every(({ study }) => {
        const view = views.get(study.studyInstanceUid);
        return view?.state === 'settled' && view.instances === 2 * PER_SERIES;
      });
      return whole && views;
    },
    deadline - Date.now(),
  );
}

function report(sent: readonly Sent[], views: ReadonlyMap<string, StudyView>): SettleRow[] {
  const rows = PATTERNS.flatMap(({ name: pattern }) => {
    const ours = sent.filter((one) => one.pattern === pattern);
    const own = (Object.keys(SETTINGS) as Setting[]).map((setting) =>
      rowOf(
        pattern,
        SETTINGS[setting].name,
        ours.filter((one) => one.setting === setting).map((one) => settlingsOf(one, views.get(one.study.studyInstanceUid))),
      ),
    );
    const alike = ours.filter((one) => one.setting === 'QUIET');
    return [
      ...own,
      ...PEERS.map(({ name, settlings }) =>
        rowOf(
          pattern,
          name,
          alike.map(({ arrivals }) => settlings(arrivals)),
        ),
      ),
    ];
  });
  print(rows);
  return rows;
}

interface Settlings {
  readonly premature: number;
  readonly seconds: number;
}

/** A version settled before the last instance came; the newest one has them all. */
function settlingsOf({ lastAt }: Sent, view: StudyView | undefined): Settlings {
  const settledAt = (view?.versions ?? []).map(({ settledAt: at }) => Date.parse(at ?? ''));
  return { premature: settledAt.length - 1, seconds: (((settledAt.at(-1) ?? 0) - lastAt) / 1000) * SCALE };
}

/** What peers would have done with the same arrivals, by their documented defaults; a delay of their own is not counted. */
const PEERS: readonly { readonly name: string; readonly settlings: (arrivals: readonly Arrival[]) => Settlings }[] = [
  { name: 'MONAI rule: 5 s without an instance', settlings: (arrivals) => ({ premature: longGaps(arrivals, 5), seconds: 5 }) },
  {
    name: 'mercure rule: series, 60 s without a file',
    settlings: (arrivals) => ({ premature: longGaps(ofSeries(arrivals, 0), 60) + longGaps(ofSeries(arrivals, 1), 60), seconds: 60 }),
  },
  {
    // The study's clock starts anew with each series that is complete.
    name: 'mercure rule: study, 900 s without a series',
    settlings: (arrivals) => ({ premature: longGaps(arrivals, 960), seconds: 960 }),
  },
];

function ofSeries(arrivals: readonly Arrival[], series: number): readonly Arrival[] {
  return arrivals.filter((one) => one.series === series);
}

function longGaps(arrivals: readonly Arrival[], seconds: number): number {
  return arrivals.filter(({ atS }, index) => index > 0 && atS - (arrivals[index - 1]?.atS ?? atS) > seconds).length;
}

function rowOf(pattern: string, peer: string, settlings: readonly Settlings[]): SettleRow {
  return {
    case: 'settle',
    pattern,
    peer,
    studies: settlings.length,
    premature: settlings.reduce((sum, { premature }) => sum + premature, 0),
    secondsToSettled: Math.round(median(settlings.map(({ seconds }) => seconds)) * 10) / 10,
  };
}

function print(rows: readonly SettleRow[]): void {
  let pattern = '';
  for (const row of rows) {
    if (row.pattern !== pattern)
      console.log(`\n${row.pattern} (${row.studies} studies)\n${''.padEnd(46)}premature   s from last instance to settled`);
    pattern = row.pattern;
    console.log(`  ${row.peer.padEnd(44)}${String(row.premature).padStart(9)}${row.secondsToSettled.toFixed(1).padStart(13)}`);
  }
}
