import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import type { ConnectionSettings } from '../connection-settings.js';
import { sqlState } from '../pg-errors.js';
import { findProcess } from './processes.js';

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
