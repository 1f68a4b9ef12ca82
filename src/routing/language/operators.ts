/** What a clause may ask of a value. */

/** Every clause has exactly one of these. */
export const OPERATORS = ['equals', 'oneOf', 'matches', 'contains', 'atLeast', 'atMost', 'between', 'exists', 'absent'] as const;
export type Operator = (typeof OPERATORS)[number];

export const RANGE_OPERATORS: readonly Operator[] = ['atLeast', 'atMost', 'between'];
export const TEXT_OPERATORS: readonly Operator[] = ['matches', 'contains'];

/** A value that a rule names. */
export type Operand = string | number | boolean;

/** One question about one subject, as it is written. */
export interface Clause {
  readonly tag?: string | undefined;
  readonly fact?: string | undefined;
  readonly equals?: Operand | undefined;
  readonly oneOf?: readonly Operand[] | undefined;
  readonly matches?: string | undefined;
  readonly contains?: string | undefined;
  readonly atLeast?: string | number | undefined;
  readonly atMost?: string | number | undefined;
  readonly between?: readonly [string | number, string | number] | undefined;
  readonly exists?: true | undefined;
  readonly absent?: true | undefined;
}

/** The operators that a clause has: one, where it is right. */
export function operatorsOf(clause: Clause): Operator[] {
  return OPERATORS.filter((operator) => clause[operator] !== undefined);
}
