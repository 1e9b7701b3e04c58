import { setTimeout as sleep } from 'node:timers/promises';
import { type Launch, launch } from './launch-postmaster.js';
import { boundLog } from './log-file.js';
import { findProcess, signal } from './processes.js';
import { takeOver } from './take-over.js';

export interface KeepRunningOptions {
  readonly how: Launch;
  readonly started: { readonly pid: number; readonly port: number };
  /** More ends than that within ten minutes are no accident any more. */
  readonly restartsMax: number;
  readonly say: (message: string) => void;
  /** It could not be brought back, or ended too often. Called once, with a sentence for the operator. */
  readonly onLost: ((reason: string) => void) | undefined;
}

export interface KeptRunning {
  /** Of the postmaster that runs now, or ran last. */
  readonly pid: number;
  /** No more looking after it; resolves when a restart under way has come to its end. */
  stop(): Promise<void>;
}

const lookMs = 250;
const boundLogEach = 240;
const withinMs = 10 * 60_000;
const triesMax = 3;

/**
 * Looks after a postmaster: bounds its log, and starts it again, on the same port, when it has ended without being asked
 * (killed, out of memory, a PANIC). The program's pools connect again by themselves. Never keeps the process alive.
 */
export function keepRunning({ how, started, restartsMax, say, onLost }: KeepRunningOptions): KeptRunning {
  const { port } = started;
  const restarts: number[] = [];
  let { pid } = started;
  let looks = 0;
  let stopped = false;
  let work: Promise<void> | undefined;

  const bringBack = async (): Promise<void> => {
    const now = Date.now();
    while ((restarts[0] ?? now) < now - withinMs) restarts.shift();
    if (restarts.length >= restartsMax)
      return giveUp(`it has ended ${restarts.length + 1} times within ${withinMs / 60_000} minutes`);
    restarts.push(now);
    for (let attempt = 1; !stopped; attempt += 1) {
      try {
        pid = (await takeOver(how, say))?.pid ?? (await launch({ ...how, port })).pid;
        return say(`PostgreSQL runs again, as process ${pid}`);
      } catch (error) {
        if (attempt === triesMax) return giveUp((error as Error).message);
        await sleep(500 * attempt);
      }
    }
  };
  const giveUp = (reason: string): void => {
    stopped = true;
    clearInterval(timer);
    onLost?.(`the embedded PostgreSQL ended and cannot be kept running (${how.layout.log}): ${reason}`);
  };
  const look = async (): Promise<void> => {
    looks += 1;
    if (looks % boundLogEach === 0) boundLog(how.layout.log);
    // Asking for the signal costs nothing; whether the pid is still the same process, and no zombie, is asked now and then.
    if (signal(pid, 0) && (looks % 8 !== 0 || (await findProcess(pid)) !== undefined)) return;
    if (stopped) return;
    say('PostgreSQL has ended by itself');
    await bringBack();
  };
  const timer = setInterval(() => {
    if (stopped) return;
    work ??= look().finally(() => {
      work = undefined;
    });
  }, lookMs).unref();

  return {
    get pid() {
      return pid;
    },
    async stop() {
      stopped = true;
      clearInterval(timer);
      await work;
    },
  };
}
