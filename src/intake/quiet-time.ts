/** How long a study must be quiet: the site's time, or that of the AE title it was sent to. */

export interface QuietTimes {
  readonly defaultMs: number;
  readonly byCalledAe: ReadonlyMap<string, number>;
}

/** Milliseconds without a new instance after which a study that was sent to this AE title counts as complete. */
export function quietMsOf({ defaultMs, byCalledAe }: QuietTimes, calledAe: string): number {
  return byCalledAe.get(calledAe) ?? defaultMs;
}
