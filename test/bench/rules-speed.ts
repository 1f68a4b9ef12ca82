/** How fast rules are asked: a rehearsal over stored studies, and the decision on a study of many instances. */
import { join } from 'node:path';
import type { FactsInput } from '../../src/routing/facts.js';
import { setLogLevel } from '../../src/foundation/log.js';
import { Db } from '../../src/ledger/database.js';
import { instancesOfVersion } from '../../src/ledger/instances.js';
import { decide } from '../../src/routing/evaluate.js';
import { factsInput, studyFacts } from '../../src/routing/facts.js';
import { parseRules, type LoadedRules } from '../../src/routing/load.js';
import { rehearse } from '../../src/routing/rehearse.js';
import type { Rehearsal } from '../../src/routing/rehearsal.js';
import { decideSettledVersions } from '../../src/routing/router.js';
import { keepFacts } from '../../src/routing/stored-facts.js';
import { labelledStudies } from '../support/labelled-studies.js';
import { storeStudy } from '../support/stored-studies.js';
import { tempFolder } from '../support/temp.js';
import { median } from './report.js';
import { twentyRules } from './rule-set.js';

const DAY_MS = 86_400_000;
const STUDIES = 10_000;
const MANY_INSTANCES = 3000;
const ANY_STUDY = { study_instance_uid: '', calling_ae: '', called_ae: '', remote_address: '', first_received_at: 0 };
const CONTEXT = { destinations: ['archive'], models: new Map() };

export interface SpeedRow {
  readonly case: string;
  readonly value: number;
  readonly unit: 'seconds' | 'studies/s' | 'decisions/s' | 'ms' | 'studies' | 'runs';
}

/** The figures of speed. */
export function measureSpeed(repeats: number): SpeedRow[] {
  setLogLevel('warn');
  return [...rehearsalRows(repeats), ...firstRehearsalRows(), ...manyInstancesRows(repeats)];
}

function openLedger(name: string): Db {
  return Db.open(join(tempFolder(name), 'ledger.sqlite'), { migrate: true });
}

function rules(leastSlices?: number): LoadedRules {
  const result = parseRules(new Map([['rules.yaml', twentyRules(leastSlices)]]), 'bench', CONTEXT);
  if (!result.ok) throw new Error(JSON.stringify(result.faults));
  return result.rules;
}

/**
 * Copies of the labelled studies over thirty days. Their facts are derived of all their headers and kept, as the decision does; of the
 * instances only the first of each series is stored, for a rehearsal reads no other.
 */
function rehearsalRows(repeats: number): SpeedRow[] {
  const db = openLedger('rehearsal');
  const now = Date.now();
  const labelled = labelledStudies();
  const derived = labelled.map((study) => study.input()).map((input) => ({ first: firstOnly(input), facts: studyFacts(input) }));
  for (let index = 0; index < STUDIES; index++) {
    const { first, facts } = derived[index % derived.length];
    const version = storeStudy(db, first, { at: now - (index / STUDIES) * 30 * DAY_MS, copy: Math.floor(index / derived.length) });
    const instances = instancesOfVersion(db, version);
    const asStored = studyFacts(factsInput(ANY_STUDY, instances));
    const byPlace = [...new Set(instances.map((row) => row.series_instance_uid))];
    const series = asStored.series.flatMap((one) => {
      const name = first.series[Number(one.seriesInstanceUid.split('.').at(-1)) - 1]?.seriesInstanceUid;
      const whole = facts.series.find((candidate) => candidate.seriesInstanceUid === name);
      return whole === undefined || !byPlace.includes(one.seriesInstanceUid) ? [] : [{ ...one, facts: whole.facts }];
    });
    db.transaction(() => keepFacts(db, version, { ...asStored, series }, instances));
  }
  const [before, after] = [rules(), rules(60)];
  let result: Rehearsal | undefined;
  const seconds = Array.from({ length: repeats }, () => {
    const startedAt = performance.now();
    result = rehearse(db, { before, after, days: 31, now, limits: new Map() });
    return (performance.now() - startedAt) / 1000;
  });
  db.close();
  const { studies = 0, before: inForce, after: then, kinds } = result ?? {};
  console.log(`\nrehearsal: ${studies} studies, ${JSON.stringify(kinds)}, runs ${inForce?.runs} then ${then?.runs}`);
  const took = median(seconds);
  return [
    { case: `rehearsal of ${STUDIES} stored studies by 20 rules`, value: round(took), unit: 'seconds' },
    { case: 'rehearsal', value: Math.round(studies / took), unit: 'studies/s' },
    {
      case: 'rehearsal, each study by each rule in force and each rehearsed',
      value: Math.round((studies * 40) / took),
      unit: 'decisions/s',
    },
  ];
}

function firstOnly(input: FactsInput): FactsInput {
  return { ...input, series: input.series.map((series) => ({ ...series, instances: series.instances.slice(0, 1) })) };
}

/** Studies decided before facts were kept: all headers are read once. */
function firstRehearsalRows(): SpeedRow[] {
  const db = openLedger('first-rehearsal');
  const now = Date.now();
  const stored = labelledStudies().slice(0, 60);
  for (const study of stored) storeStudy(db, study.input(), { at: now });
  const instances = db.get<{ n: number }>('SELECT count(*) AS n FROM instances')?.n ?? 0;
  const startedAt = performance.now();
  rehearse(db, { before: rules(), after: rules(60), days: 31, now, limits: new Map() });
  const seconds = (performance.now() - startedAt) / 1000;
  db.close();
  const name = `first rehearsal of studies whose facts were not kept (${Math.round(instances / stored.length)} instances each)`;
  return [{ case: name, value: Math.round(stored.length / seconds), unit: 'studies/s' }];
}

function manyInstancesRows(repeats: number): SpeedRow[] {
  const [chest] = labelledStudies();
  const template = chest?.input();
  const series = template?.series.find(({ instances }) => instances.length > 10) ?? template?.series[0];
  if (template === undefined || series === undefined) throw new Error('the labelled set is empty');
  const instances = Array.from({ length: MANY_INSTANCES }, (_, index) => ({
    sopInstanceUid: `${index}`,
    header: {
      ...(series.instances[0]?.header ?? {}),
      '00200013': { vr: 'IS', Value: [index + 1] },
      '00200032': { vr: 'DS', Value: [-170, -170, index * 0.5] },
    },
  }));
  const input: FactsInput = { ...template, series: [{ ...series, instances }] };
  const ruleSet = rules();
  const pure = times(repeats, () => {
    decide(studyFacts(input), ruleSet, CONTEXT);
    return undefined;
  });
  const withLedger = times(repeats, (nth) => {
    const db = openLedger('many-instances');
    storeStudy(db, input, { at: 1, copy: nth });
    return () => {
      decideSettledVersions(db, ruleSet, 2);
      db.close();
    };
  });
  return [
    { case: `deciding a study of ${MANY_INSTANCES} instances by 20 rules, headers in memory`, value: round(pure), unit: 'ms' },
    { case: `deciding it with reading the ledger and writing the decision`, value: round(withLedger), unit: 'ms' },
  ];
}

/** The median time of the work, or of what it prepares. */
function times(repeats: number, work: (nth: number) => (() => void) | undefined): number {
  const all = Array.from({ length: repeats + 1 }, (_, nth) => {
    let startedAt = performance.now();
    const prepared = work(nth);
    if (prepared === undefined) return performance.now() - startedAt;
    startedAt = performance.now();
    prepared();
    return performance.now() - startedAt;
  });
  return median(all.slice(1));
}

function round(value: number): number {
  return Math.round(value * 100) / 100;
}
