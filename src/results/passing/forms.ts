/** The kinds of objects that leave the node as they are. What is not here is kept with the run and not delivered. */
import type { OutputKind } from '../read-outputs.js';
import type { PassingForm } from './form.js';
import { REPORT } from './report.js';
import { RTSTRUCT } from './rtstruct.js';

/** By the kind that a file has by its SOP class; a new kind is added here and nowhere else. */
export const PASSING_FORMS: Readonly<Partial<Record<OutputKind, PassingForm>>> = { rtstruct: RTSTRUCT, sr: REPORT };
