/** A figure, or the reason why there is none: no metric is ever NaN or infinite. */
export type Measured<T = number> = { readonly value: T } | { readonly undefinedBecause: string };

/** The figure, where there is one. */
export function valueOf<T>(measured: Measured<T>): T | undefined {
  return 'value' in measured ? measured.value : undefined;
}
