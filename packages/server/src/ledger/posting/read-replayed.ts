import { setTimeout as delay } from 'node:timers/promises';
import { LedgerError } from '@cofferdam/core';
import { isConnectionLost, isRetryable } from '../../postgres/pg-errors.js';
import type { TenantContext } from '../../postgres/tenant-context.js';
import { type Replay, readReplays } from '../storage/read-replays.js';
import { withTenantClient } from '../storage/with-tenant.js';
import type { Outcome } from './plan-batch.js';
import type { Posted } from './posting-types.js';

const attemptsMax = 4;

/**
 * Fills in what earlier calls answered under the same keys. Throws LedgerError `tenant_service_unavailable` when the books
 * cannot be read, and then never in the words of one that posted nothing: what the key names has been posted.
 */
export async function readReplayed(tenant: TenantContext, outcomes: readonly Outcome[]): Promise<readonly Posted[]> {
  const ids = [...new Set(outcomes.flatMap((outcome) => ('replayOf' in outcome ? [outcome.replayOf] : [])))];
  const replays = await readBounded(tenant, ids);
  return outcomes.map((outcome) => {
    if ('transaction' in outcome) return outcome;
    const replay = replays.get(outcome.replayOf);
    // Transactions are never deleted, and the key was read from the same books.
    if (replay === undefined) throw new Error(`transaction ${outcome.replayOf} of an idempotency key is gone`);
    const { transaction, operations, firstAnswer } = replay;
    return { transaction, operations, replayed: true, ...(firstAnswer === undefined ? {} : { firstAnswer }) };
  });
}

async function readBounded(tenant: TenantContext, ids: readonly string[]): Promise<ReadonlyMap<string, Replay>> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await withTenantClient(tenant, (client) => readReplays(client, ids));
    } catch (error) {
      const passes = isConnectionLost(error) || isRetryable(error);
      if (!passes && !(error instanceof LedgerError)) throw error;
      if (!passes || attempt === attemptsMax) throw unreadable(error);
      await delay(attempt * 5 + Math.random() * 20);
    }
  }
}

function unreadable(error: unknown): LedgerError {
  return new LedgerError('tenant_service_unavailable', {
    detail:
      "The tenant's store cannot be read at the moment, so the answer of the earlier call is not known yet. Send it again with the same X-Idempotency key: nothing is posted twice.",
    retryAfterSeconds: 2,
    log: error,
  });
}
