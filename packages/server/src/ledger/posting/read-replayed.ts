import type { TenantContext } from '../../postgres/tenant-context.js';
import { readReplays } from '../storage/read-replays.js';
import { withTenantClient } from '../storage/with-tenant.js';
import type { Outcome } from './plan-batch.js';
import type { Posted } from './posting-types.js';

/** Fills in what earlier calls answered under the same keys. */
export async function readReplayed(tenant: TenantContext, outcomes: readonly Outcome[]): Promise<readonly Posted[]> {
  const ids = [...new Set(outcomes.flatMap((outcome) => ('replayOf' in outcome ? [outcome.replayOf] : [])))];
  const replays = await withTenantClient(tenant, (client) => readReplays(client, ids));
  return outcomes.map((outcome) => {
    if ('transaction' in outcome) return outcome;
    const replay = replays.get(outcome.replayOf);
    // Transactions are never deleted, and the key was read from the same books.
    if (replay === undefined) throw new Error(`transaction ${outcome.replayOf} of an idempotency key is gone`);
    const { transaction, operations, firstAnswer } = replay;
    return { transaction, operations, replayed: true, ...(firstAnswer === undefined ? {} : { firstAnswer }) };
  });
}
