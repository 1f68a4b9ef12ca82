/** The query of a rendered resource (PS3.18 8.3.5). Pure. */
import type { Region } from '../../dicom/render/picture.js';
import type { VoiFunction, Window } from '../../dicom/render/voi.js';
import { AnteroomError } from '../../foundation/errors.js';

export interface RenderedQuery {
  readonly window?: Window;
  /** Where the picture must fit in, in pixels, and which part of the image it shows. */
  readonly viewport?: { readonly width: number; readonly height: number; readonly region?: Region };
  /** Of a JPEG, 1..100. */
  readonly quality: number;
  /** Parameters of the standard that were asked for and are not offered. */
  readonly notDone: readonly string[];
}

const DEFAULT_QUALITY = 90;
const MAX_SIDE = 8192;
const FUNCTIONS: Readonly<Record<string, VoiFunction>> = { linear: 'LINEAR', 'linear-exact': 'LINEAR_EXACT', sigmoid: 'SIGMOID' };
const KNOWN: ReadonlySet<string> = new Set(['accept', 'charset', 'window', 'viewport', 'quality']);
const NOT_OFFERED: ReadonlySet<string> = new Set(['annotation', 'iccprofile', 'imageannotation']);

/**
 * Reads the query of a request for a picture.
 * @throws AnteroomError QUERY_INVALID with the parameter, what it has and what it wants.
 */
export function parseRenderedQuery(parameters: URLSearchParams): RenderedQuery {
  const names = [...parameters.keys()].map((name) => name.toLowerCase());
  const unknown = names.find((name) => !KNOWN.has(name) && !NOT_OFFERED.has(name));
  if (unknown !== undefined)
    throw invalid(
      `a parameter ${/^[a-z]{1,32}$/.test(unknown) ? unknown : 'of another name'} is not known; expected window, viewport or quality`,
    );
  const [window, viewport, quality] = ['window', 'viewport', 'quality'].map((name) => parameters.get(name) ?? '');
  return {
    ...(window ? { window: windowOf(window) } : {}),
    ...(viewport ? { viewport: viewportOf(viewport) } : {}),
    quality: quality ? qualityOf(quality) : DEFAULT_QUALITY,
    notDone: names.filter((name) => NOT_OFFERED.has(name)),
  };
}

function windowOf(text: string): Window {
  const [center, width, shape = 'linear', ...more] = text.split(',');
  const voi = FUNCTIONS[shape.toLowerCase()];
  const numbers = [center, width].map((part) => (part === undefined || part.trim() === '' ? NaN : Number(part)));
  if (more.length > 0 || voi === undefined || !numbers.every(Number.isFinite) || !(numbers[1] > 0))
    throw invalid(
      `window is ${shown(text)}, expected center,width or center,width,function with a width above 0 and one of ${Object.keys(FUNCTIONS).join(', ')}`,
    );
  return { center: numbers[0], width: numbers[1], function: voi };
}

function viewportOf(text: string): RenderedQuery['viewport'] {
  const parts = text.split(',').map((part) => (part.trim() === '' ? undefined : Number(part)));
  const [width = NaN, height = NaN, x = 0, y = 0, regionWidth, regionHeight] = parts;
  const sides = [width, height, regionWidth ?? 1, regionHeight ?? 1];
  const valid = parts.length <= 6 && sides.every((side) => side >= 1) && Math.max(width, height) <= MAX_SIDE && x >= 0 && y >= 0;
  if (!valid)
    throw invalid(
      `viewport is ${shown(text)}, expected width,height or width,height,x,y,width,height, from 1 to ${MAX_SIDE}, not mirrored`,
    );
  if (parts.length === 2) return { width, height };
  return { width, height, region: { x, y, width: regionWidth ?? Infinity, height: regionHeight ?? Infinity } };
}

function qualityOf(text: string): number {
  const quality = Number(text);
  if (!Number.isInteger(quality) || quality < 1 || quality > 100) throw invalid(`quality is ${shown(text)}, expected 1 to 100`);
  return quality;
}

/** Numbers and words of a query hold nothing of a patient, unless someone put it there. */
function shown(text: string): string {
  return /^[\w.,+-]{1,64}$/.test(text) ? text : 'something else';
}

function invalid(seen: string): AnteroomError {
  return new AnteroomError('QUERY_INVALID', seen);
}
