/** Pictures for people: 8 bits a channel, C order [row][column][channel]. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  /** 1: grey, 3: red, green, blue. */
  readonly channels: 1 | 3;
  readonly data: Uint8Array;
}

/** A part of a picture in its pixels. */
export interface Region {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** The part of a picture that lies in it, scaled to fit into `width` × `height` with its shape kept; means where it shrinks, bilinear where it grows. */
export function scaledToFit(picture: Picture, width: number, height: number, region?: Region): Picture {
  const from = clipped(region ?? { x: 0, y: 0, width: picture.width, height: picture.height }, picture);
  const scale = Math.min(width / from.width, height / from.height);
  const [outWidth, outHeight] = [Math.max(1, Math.round(from.width * scale)), Math.max(1, Math.round(from.height * scale))];
  if (outWidth === picture.width && outHeight === picture.height && from.width === picture.width) return picture;
  const across = taps(from.x, from.width, outWidth);
  const down = taps(from.y, from.height, outHeight);
  const { channels } = picture;
  const data = new Uint8Array(outWidth * outHeight * channels);
  let at = 0;
  for (const rows of down)
    for (const columns of across) for (let channel = 0; channel < channels; channel++) data[at++] = mean(picture, rows, columns, channel);
  return { width: outWidth, height: outHeight, channels, data };
}

type Taps = readonly (readonly [index: number, weight: number])[];

function clipped({ x, y, width, height }: Region, picture: Picture): Region {
  const [left, top] = [Math.min(Math.max(0, Math.floor(x)), picture.width - 1), Math.min(Math.max(0, Math.floor(y)), picture.height - 1)];
  return {
    x: left,
    y: top,
    width: Math.max(1, Math.min(Math.round(width), picture.width - left)),
    height: Math.max(1, Math.min(Math.round(height), picture.height - top)),
  };
}

/** For each new pixel of an axis the old ones that it is made of. */
function taps(start: number, length: number, count: number): Taps[] {
  const step = length / count;
  const last = length - 1;
  return Array.from({ length: count }, (_, n) => {
    if (step <= 1) {
      const place = Math.min(Math.max((n + 0.5) * step - 0.5, 0), last);
      const index = Math.floor(place);
      const right = place - index;
      return right === 0 ? [[start + index, 1]] : [[start + index, 1 - right], [start + index + 1, right]]; // prettier-ignore
    }
    const [from, to] = [n * step, (n + 1) * step];
    const first = Math.floor(from);
    return Array.from({ length: Math.min(Math.ceil(to), length) - first }, (_none, k) => {
      const index = first + k;
      return [start + index, Math.min(index + 1, to) - Math.max(index, from)] as const;
    });
  });
}

function mean({ data, width, channels }: Picture, rows: Taps, columns: Taps, channel: number): number {
  let [sum, weights] = [0, 0];
  for (const [row, ofRow] of rows)
    for (const [column, ofColumn] of columns) {
      sum += data[(row * width + column) * channels + channel] * ofRow * ofColumn;
      weights += ofRow * ofColumn;
    }
  return Math.round(sum / weights);
}
