import { setTimeout as sleep } from 'node:timers/promises';
import type { ConnectionSettings } from './connection-settings.js';
import { isConnectionLost } from './pg-errors.js';
import { openClient } from './pool.js';

/**
 * For a start: goes through the addresses until one is the primary, for about 30 s, as a promotion may be under way. With
 * one address there is nothing to find. Rejects with the last failure.
 */
export async function findPrimary(settings: ConnectionSettings): Promise<void> {
  const { addresses } = settings;
  if (addresses === undefined) return;
  const deadline = performance.now() + 30_000;
  for (let attempt = 1; ; attempt += 1) {
    const client = openClient(settings, { applicationName: 'cofferdam start', connectTimeoutMs: 3_000 });
    try {
      await client.connect();
      return;
    } catch (error) {
      const wentRound = attempt % addresses.all.length === 0;
      if (!isConnectionLost(error) || (wentRound && performance.now() > deadline)) throw error;
      if (wentRound) await sleep(500);
    } finally {
      await client.end().catch(() => {});
    }
  }
}
