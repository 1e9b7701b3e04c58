import { randomInt } from 'node:crypto';

/** Random numbers that can be had again: the seed goes into every message of a failing test; `SEED=…` sets it. */
export function seededRandom(seed = Number(process.env['SEED']) || randomInt(2 ** 31)) {
  let state = seed;
  /** mulberry32: 0 ≤ x < 1. */
  const random = () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
  const pick = <T>(list: readonly T[]): T => {
    const item = list[Math.floor(random() * list.length)];
    if (item === undefined) throw new Error('nothing to pick from');
    return item;
  };
  return { seed, random, pick };
}
