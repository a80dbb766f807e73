// Statistics over many samples. A ratio is computed within each repetition first, so that a temporary slowdown of the
// machine affects both of its sides.
import { median } from "../load/table.ts";

export { median };

/** The median over all repetitions of other / own; NaN when there is none. */
export function medianRatio(own: readonly number[], other: readonly number[]): number {
  const ratios = own.flatMap((value, index) => {
    const against = other[index];
    return against === undefined || value === 0 ? [] : [against / value];
  });
  return median(ratios.filter(Number.isFinite));
}

/** The smallest value that at least `share` (0 to 1) of all values do not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN;
}
