import { describe, expect, it } from 'vitest';
import { median, percentile, ratioByRound, readable } from './statistics.js';

describe('statistics of the benchmark', () => {
  it('takes percentiles by nearest rank, whatever the order', () => {
    const hundred = Array.from({ length: 100 }, (_, i) => 100 - i);
    expect(percentile(hundred, 0.5)).toBe(50);
    expect(percentile(hundred, 0.99)).toBe(99);
    expect(percentile(hundred, 1)).toBe(100);
    expect(percentile([7], 0.99)).toBe(7);
    expect(percentile([], 0.5)).toBeNaN();
  });

  it('takes medians of odd and even counts and leaves the samples as they were', () => {
    const samples = [30, 1, 2];
    expect(median(samples)).toBe(2);
    expect(samples).toEqual([30, 1, 2]);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(median([])).toBeNaN();
  });

  it('compares round by round, so that one slow round does not tilt the ratio', () => {
    expect(ratioByRound([100, 10, 100], [50, 5, 50])).toBe(2);
    expect(ratioByRound([100, 10], [50])).toBe(2);
    expect(ratioByRound([], [])).toBeNaN();
  });

  it('prints three digits that count', () => {
    expect([0.12345, 9.876, 12345.6, Number.NaN].map(readable)).toEqual(['0.123', '9.88', '12,346', '–']);
  });
});
