/** Plots as SVG, for the page of a comparison. Colours tell models apart for people who see no red or green, too (Okabe and Ito). */
import type { Description } from '../statistics/describe.js';
import { escaped } from '../html.js';

const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#d55e00'] as const;
const WIDTH = 760;
const LABELS = 250;
const ROW = 26;
const AXIS = 34;

export interface BoxRow {
  readonly label: string;
  /** Index of the model, for its colour. */
  readonly model: number;
  readonly box: Description;
  readonly values: readonly number[];
}

/** Boxes from the first to the third quartile with the median, whiskers to the least and the most, and each value as a dot. */
export function boxPlot(rows: readonly BoxRow[], axis: { readonly title: string; readonly from: number; readonly to: number }): string {
  const scale = (value: number) => LABELS + ((value - axis.from) / (axis.to - axis.from || 1)) * (WIDTH - LABELS - 20);
  const height = rows.length * ROW + AXIS;
  const drawn = rows.map(({ label, model, box, values }, index) => {
    const y = index * ROW + ROW / 2;
    const colour = COLOURS[model % COLOURS.length];
    const dots = values.map((value, at) => `<circle cx="${px(scale(value))}" cy="${px(y + ((at * 7) % 13) - 6)}" r="2.2"/>`).join('');
    return [
      `<text x="${LABELS - 10}" y="${y + 4}" text-anchor="end">${escaped(label)}</text>`,
      `<g fill="${colour}" opacity=".45">${dots}</g>`,
      `<g stroke="${colour}" fill="none" stroke-width="1.6"><path d="M${px(scale(box.least))} ${y}H${px(scale(box.q1))}M${px(scale(box.q3))} ${y}H${px(scale(box.most))}"/>`,
      `<rect x="${px(scale(box.q1))}" y="${y - 8}" width="${px(Math.max(1, scale(box.q3) - scale(box.q1)))}" height="16"/>`,
      `<path stroke-width="2.6" d="M${px(scale(box.median))} ${y - 8}v16"/></g>`,
    ].join('');
  });
  const ticks = ticksOf(axis.from, axis.to).map(
    (at) =>
      `<path stroke="#ddd" d="M${px(scale(at))} 0V${height - AXIS}"/><text x="${px(scale(at))}" y="${height - AXIS + 14}" text-anchor="middle">${tickText(at)}</text>`,
  );
  const title = `<text x="${(LABELS + WIDTH) / 2}" y="${height - 4}" text-anchor="middle">${escaped(axis.title)}</text>`;
  return svg(WIDTH, height, [...ticks, ...drawn, title]);
}

function svg(width: number, height: number, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" role="img" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-size="12" font-family="sans-serif">${parts.join('')}</svg>`;
}

function px(value: number): string {
  return value.toFixed(1);
}

function tickText(value: number): string {
  return String(Number(value.toPrecision(3)));
}

/** Round numbers within a range, about five of them. */
function ticksOf(from: number, to: number): number[] {
  const rough = (to - from) / 5 || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(from / step - 1e-9);
  const count = Math.floor(to / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, n) => (first + n) * step);
}
