import { setTimeout as delay } from 'node:timers/promises';

const tickMs = 10;
/** What a tick may be late before it is the machine that was. */
const tickMsMax = 20;
const pauseMs = 20;
const patienceMs = 25_000;

/**
 * Asks again and again, and answers how many milliseconds passed until it was so, as this process got to run: a machine that stalls,
 * or is given to others meanwhile, makes no promise late. Where nothing else runs it is the time by the clock.
 * @throws Error when it is not so after 25 s by the clock
 */
export async function awakeMsUntil(isSo: () => Promise<boolean> | boolean): Promise<number> {
  const startedAt = performance.now();
  let [awake, last] = [0, startedAt];
  const count = () => {
    const now = performance.now();
    awake += Math.min(now - last, tickMsMax);
    last = now;
  };
  const ticks = setInterval(count, tickMs);
  try {
    while (!(await isSo())) {
      if (performance.now() - startedAt > patienceMs) throw new Error(`did not happen in ${patienceMs / 1_000} s`);
      await delay(pauseMs);
    }
    count();
    return awake;
  } finally {
    clearInterval(ticks);
  }
}
