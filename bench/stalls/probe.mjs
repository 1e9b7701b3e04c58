// Loaded into a process: writes down, one JSON line each, when its event loop stood still and when its garbage was
// collected. Times are milliseconds since 1970, so that they compare with those of other processes.
import { appendFileSync, readFileSync } from 'node:fs';
import { PerformanceObserver, performance } from 'node:perf_hooks';

const file = process.env.BENCH_PROBE_FILE;
const tickMs = 4;
const gapMsMin = 8;
const collectionMsMin = 3;
const note = (entry) => appendFileSync(file, `${JSON.stringify(entry)}\n`);

/** Milliseconds for which this thread ran, and waited for a processor; zeros where the kernel does not say. */
function schedule() {
  try {
    const [ran, waited] = readFileSync('/proc/self/schedstat', 'utf8').split(' ').map(Number);
    return { ran: ran / 1e6, waited: waited / 1e6 };
  } catch {
    return { ran: 0, waited: 0 };
  }
}

if (file !== undefined) {
  let last = performance.now();
  let before = schedule();
  setInterval(() => {
    const now = performance.now();
    const after = schedule();
    if (now - last > gapMsMin + tickMs) {
      const from = performance.timeOrigin + last + tickMs;
      const to = performance.timeOrigin + now;
      note({ what: 'loop', from, to, ranMs: after.ran - before.ran, waitedMs: after.waited - before.waited });
    }
    last = now;
    before = after;
  }, tickMs).unref();
  new PerformanceObserver((list) => {
    for (const { startTime, duration } of list.getEntries()) {
      const from = performance.timeOrigin + startTime;
      if (duration > collectionMsMin) note({ what: 'gc', from, to: from + duration });
    }
  }).observe({ entryTypes: ['gc'] });
}
