/** What a node says of one study while tests wait for it to settle, and dcmtk's senders to it. */
import type { StudyView } from '../../src/api/views.js';
import { dcmtk } from './dcmtk.js';
import type { TestNode } from './node.js';
import { until } from './until.js';

interface NamedStudy {
  readonly studyInstanceUid: string;
}

/** Sends files as an application entity of dcmtk: `storescu`, or another of its senders; fails unless it ends with 0. */
export async function send(node: TestNode, files: readonly string[], options: readonly string[] = [], sender = 'storescu'): Promise<void> {
  const { code, output } = await dcmtk(sender, ...options, '-aec', 'ANTEROOM', '127.0.0.1', String(node.dicomPort), ...files);
  if (code !== 0) throw new Error(`${sender} ended with ${String(code)}: ${output}`);
}

/** The study as the administration lists it; undefined where it does not know it. */
export async function look(node: TestNode, { studyInstanceUid }: NamedStudy): Promise<StudyView | undefined> {
  return (await node.admin.get<StudyView[]>('/studies')).find((study) => study.studyInstanceUid === studyInstanceUid);
}

/** The study once it is settled with so many versions. */
export async function settled(node: TestNode, study: NamedStudy, versions = 1): Promise<StudyView> {
  return until(`version ${versions} of the study`, async () => {
    const view = await look(node, study);
    return view?.state === 'settled' && view.versions.length >= versions && view;
  });
}

/** The study once it waits for something whose words contain `why` and has so many instances. */
export async function waitingFor(node: TestNode, study: NamedStudy, why: string, instances?: number): Promise<StudyView> {
  return until(`the study waits: ${why}`, async () => {
    const view = await look(node, study);
    return view?.waitsFor?.includes(why) === true && (instances === undefined || view.instances === instances) && view;
  });
}

/** Seconds from the last instance to the last settling. */
export function quietOf({ versions, lastReceivedAt }: StudyView): number {
  return (Date.parse(versions.at(-1)?.settledAt ?? '') - Date.parse(lastReceivedAt ?? '')) / 1000;
}

/** By what each version settled, the first one first. */
export function signals({ versions }: StudyView): string[] {
  return versions.map(({ signal }) => signal);
}
