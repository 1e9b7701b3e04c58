/** The value below which `share` (0–1) of the samples lie, by the nearest-rank rule; NaN without samples. */
export function percentile(samples: readonly number[], share: number): number {
  if (samples.length === 0) return Number.NaN;
  const sorted = Float64Array.from(samples).sort();
  const rank = Math.max(1, Math.ceil(share * sorted.length));
  return sorted[Math.min(rank, sorted.length) - 1] as number;
}

/** The middle value; between two middle ones their mean. NaN without samples. */
export function median(samples: readonly number[]): number {
  if (samples.length === 0) return Number.NaN;
  const sorted = Float64Array.from(samples).sort();
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/**
 * Of two series that were measured in the same rounds: the median of the rounds' own ratios. What slows the machine for a
 * round slows both, so this moves less than the ratio of two medians.
 */
export function ratioByRound(left: readonly number[], right: readonly number[]): number {
  return median(left.flatMap((value, round) => (right[round] === undefined ? [] : [value / right[round]])));
}

/** For people: 3 significant digits, thousands separated. */
export function readable(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}
