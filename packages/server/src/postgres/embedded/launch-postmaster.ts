import { spawn } from 'node:child_process';
import { closeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { ConnectionSettings } from '../connection-settings.js';
import { sqlState } from '../pg-errors.js';
import { childEnvironment } from './child-environment.js';
import type { Identity } from './identity.js';
import type { Layout } from './layout.js';
import { logSince, logSize, openLog } from './log-file.js';
import { readPostmasterFile } from './postmaster-file.js';
import { findProcess } from './processes.js';

/** The port was taken between finding it free and listening on it: try another. */
export class PortTaken extends Error {
  override readonly name = 'PortTaken';
}

/**
 * Starts the server in a process group of its own (Ctrl-C in the terminal must not end it before our own drain) and with
 * its output going to a file, so that it neither depends on our life nor holds up our exit. Resolves with its pid once it
 * takes connections; rejects with what its log says.
 */
export async function launchPostmaster(
  layout: Layout,
  identity: Identity,
  program: string,
  serverArgs: readonly string[],
  settings: ConnectionSettings,
  onWaiting: (status: string) => void,
): Promise<number> {
  const logStart = logSize(layout.log);
  const log = openLog(layout.log);
  const [command, args] = identity.command(program, serverArgs);
  const child = spawn(command, args, {
    ...identity.user,
    cwd: layout.data,
    env: childEnvironment(),
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  child.unref();
  let ended: string | undefined;
  child.on('error', (error) => {
    ended = error.message;
  });
  child.on('exit', (code, signalName) => {
    ended = `PostgreSQL ended with ${signalName ?? code}`;
  });

  let waitedMs = 0;
  for (;;) {
    if (ended !== undefined) {
      const said = logSince(layout.log, logStart);
      if (/could not bind|could not create any TCP\/IP sockets|Address already in use/.test(said))
        throw new PortTaken(said);
      throw new Error(`${ended}: ${said}`);
    }
    // Recovery after a crash may take long; as long as it lives, it is at work.
    const file = readPostmasterFile(layout.postmasterPid);
    if (child.pid !== undefined && file?.pid === child.pid && file.status === 'ready') {
      await checkPassword(settings);
      return child.pid;
    }
    if (waitedMs > 0 && waitedMs % 2_000 === 0) onWaiting(file?.status ?? 'starting');
    await sleep(10);
    waitedMs += 10;
  }
}

/** Connects once: proves that the server on this port is ours, and that the password is right. */
export async function checkPassword(settings: ConnectionSettings, timeoutMs = 10_000): Promise<void> {
  const { host, port, database, user, password } = settings;
  const client = new pg.Client({ host, port, database, user, password, connectionTimeoutMillis: timeoutMs });
  client.on('error', () => {});
  try {
    await client.connect();
    await client.query('select 1');
  } finally {
    await client.end().catch(() => {});
  }
}

/**
 * Waits for a postmaster that we did not start to take connections. False when it ends first, does not know our password,
 * or is not ready in time.
 */
export async function waitForConnections(
  pid: number,
  settings: ConnectionSettings,
  timeoutMs: number,
): Promise<boolean> {
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline && (await findProcess(pid)) !== undefined) {
    try {
      await checkPassword(settings, 5_000);
      return true;
    } catch (error) {
      const state = sqlState(error);
      // 28…: not our password. 57P03: starting up, or shutting down and soon gone.
      if (state?.startsWith('28')) return false;
      await sleep(50);
    }
  }
  return false;
}
