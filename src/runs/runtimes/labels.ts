/** Whose is it? */
import { AnteroomError } from '../../foundation/errors.js';
import type { RunSpec } from './runtime.js';

/** Error CONTAINER_FOREIGN unless what exists under the run's name carries the run's labels: two nodes may share an engine. */
export function refuseForeign(spec: RunSpec, present: Readonly<Partial<Record<string, string>>>): void {
  for (const [label, value] of Object.entries(spec.labels)) {
    const seen = present[label];
    if (seen !== value) throw new AnteroomError('CONTAINER_FOREIGN', `${spec.name} has ${label}=${seen ?? 'nothing'}, expected ${value}`);
  }
}

/** Of an image: the version of the kit in it (deploy/setup/images.mjs). */
export const KIT_LABEL = 'anteroom.kit';
