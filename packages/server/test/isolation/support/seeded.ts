/** A small generator of pseudo-random numbers (mulberry32): the same seed, the same run. Print the seed on failure. */
export function seeded(seed: number) {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
  const below = (count: number) => Math.floor(next() * count);
  const pick = <T>(from: readonly T[]): T => from[below(from.length)] as T;
  return { next, below, pick };
}

/** Of this run; `TEST_SEED` repeats an earlier one. */
export function runSeed(): number {
  return Number(process.env['TEST_SEED'] ?? Date.now() % 1_000_000);
}
