/** Figures of the bench, for people and for machines. */

/** One figure: what was measured of whom. Of the unit `ratio` are the node's figures divided by those of `peer`. */
export interface Row {
  readonly case: string;
  readonly peer: string;
  readonly value: number;
  readonly unit: 'ms' | 'MB' | 'instances/s' | 'ratio';
}

export interface BenchOptions {
  readonly repeats: number;
}

export const NODE = 'anteroom';

/** One line of a table: the node's figure, and that of a peer where there is one to compare with. */
export interface Line {
  readonly name: string;
  readonly value: number;
  readonly peer?: {
    readonly name: string;
    readonly value: number;
    /** Where both were measured by turns: the median of the turns' own ratios. It stays where it is while the machine becomes slower or faster. */
    readonly ratio?: number;
  };
}

/** The middle value; of an even number of values the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** Prints lines as a table under a title. */
export function print(title: string, unit: Row['unit'], lines: readonly Line[]): void {
  const width = Math.max(...lines.map(({ name }) => name.length)) + 2;
  console.log(`\n${title}`);
  console.log(`${''.padEnd(width)}${`${NODE} ${unit}`.padStart(20)}${unit.padStart(14)}${'ratio'.padStart(8)}  peer`);
  for (const { name, value, peer } of lines) {
    const beside =
      peer === undefined ? '' : `${figure(peer.value).padStart(14)}${ratioOf(value, peer).toFixed(2).padStart(8)}  ${peer.name}`;
    console.log(`${name.padEnd(width)}${figure(value).padStart(20)}${beside}`);
  }
}

/** The same as rows. */
export function rowsOf(title: string, unit: Row['unit'], lines: readonly Line[]): Row[] {
  return lines.flatMap(({ name, value, peer }): Row[] => {
    const own: Row = { case: `${title}: ${name}`, peer: NODE, value: rounded(value), unit };
    if (peer === undefined) return [own];
    return [
      own,
      { ...own, peer: peer.name, value: rounded(peer.value) },
      { ...own, peer: peer.name, value: rounded(ratioOf(value, peer)), unit: 'ratio' },
    ];
  });
}

function ratioOf(value: number, peer: NonNullable<Line['peer']>): number {
  return peer.ratio ?? value / peer.value;
}

function figure(value: number): string {
  return value.toFixed(value < 100 ? 1 : 0);
}

function rounded(value: number): number {
  return Math.round(value * 100) / 100;
}
