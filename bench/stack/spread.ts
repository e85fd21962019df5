import { at } from '../driver/load.ts';

/** How some measurements lie, in the unit that they have. */
export type Spread = { readonly count: number; readonly p50: number; readonly p99: number; readonly max: number };

export const spreadOf = (values: readonly number[]): Spread => {
  const sorted = Float64Array.from(values).sort();
  return { count: sorted.length, p50: at(sorted, 0.5), p99: at(sorted, 0.99), max: at(sorted, 1) };
};
