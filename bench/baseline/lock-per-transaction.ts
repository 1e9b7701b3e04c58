import { checkCommand } from '@cofferdam/core';
import type { Unit, UnitOutcome } from '../../packages/server/src/ledger/posting/plan-batch.js';
import type { BatchEntry, Poster, PosterOptions } from '../../packages/server/src/ledger/posting/poster.js';
import type { Posted, Posting } from '../../packages/server/src/ledger/posting/posting-types.js';
import { readReplayed } from '../../packages/server/src/ledger/posting/read-replayed.js';
import { createBatchRunner } from '../../packages/server/src/ledger/posting/settle-batch.js';
import type { TenantContext } from '../../packages/server/src/postgres/tenant-context.js';
import type { Gate } from './gate.js';

/**
 * How ledgers on PostgreSQL usually post, as well as it can be done: a database transaction for each transaction, on a
 * connection of its own, locking the balances it touches. Same tables, statements, checks, idempotency and outbox as
 * Cofferdam's own poster, which it replaces behind the same listener; only the queue is missing.
 */
export function createLockPerTransactionPoster(options: PosterOptions, gate: Gate): Poster {
  const run = createBatchRunner(options);

  const settle = async (tenant: TenantContext, unit: Unit): Promise<readonly Posted[]> => {
    for (const posting of unit) if (posting.kind === 'create') checkCommand(posting.command, options.now());
    const [outcome] = (await gate.pass(() => run(tenant, [unit], () => {}))) as readonly [UnitOutcome];
    if ('refusal' in outcome) throw outcome.refusal;
    const { outcomes } = outcome;
    return outcomes.every((each) => 'transaction' in each) ? outcomes : readReplayed(tenant, outcomes);
  };

  return {
    async post(tenant: TenantContext, posting: Posting) {
      const [posted] = await settle(tenant, [posting]);
      return posted as Posted;
    },
    postEach: (tenant, postings) =>
      Promise.all(
        postings.map((posting) =>
          settle(tenant, [posting]).then(
            ([posted]): BatchEntry => ({ posted: posted as Posted }),
            (refusal: unknown): BatchEntry => ({ refusal }),
          ),
        ),
      ),
    postTogether: settle,
  };
}
