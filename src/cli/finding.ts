/** One thing that `doctor` looked at. */
export type Standing = 'ok' | 'warning' | 'wrong';

export interface Finding {
  readonly subject: string;
  readonly standing: Standing;
  readonly seen: string;
  readonly remedy?: string;
}
