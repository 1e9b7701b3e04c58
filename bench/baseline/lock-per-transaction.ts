import { setTimeout as delay } from 'node:timers/promises';
import { checkCommand } from '@cofferdam/core';
import type { Unit, UnitOutcome } from '../../packages/server/src/ledger/posting/plan-batch.js';
import { KeyRaceLost } from '../../packages/server/src/ledger/posting/post-batch.js';
import type { BatchEntry, Poster, PosterOptions } from '../../packages/server/src/ledger/posting/poster.js';
import type { Posted } from '../../packages/server/src/ledger/posting/posting-types.js';
import { readReplayed } from '../../packages/server/src/ledger/posting/read-replayed.js';
import { createBatchRunner } from '../../packages/server/src/ledger/posting/settle-batch.js';
import { isRetryable } from '../../packages/server/src/postgres/pg-errors.js';
import type { TenantContext } from '../../packages/server/src/postgres/tenant-context.js';
import type { Gate } from './gate.js';
import { postOne } from './post-one.js';

/** What the bench can change while the baseline runs. */
export interface BaselineSettings {
  readonly gate: Gate;
  /** Each transaction as Cofferdam's batch of one: one write for all tables, statements sent together. */
  ownStatements: boolean;
}

const attemptsMax = 6;

/**
 * How ledgers on PostgreSQL usually post, done well: a database transaction for each transaction, on a connection of its
 * own, locking the balances it touches. Same tables, checks, idempotency and outbox as Cofferdam's poster, which it
 * replaces behind the same listener.
 */
export function createLockPerTransactionPoster(options: PosterOptions, settings: BaselineSettings): Poster {
  const runBatch = createBatchRunner(options);

  const run = async (tenant: TenantContext, unit: Unit): Promise<UnitOutcome> => {
    const [posting] = unit;
    // The load only creates; what else there is takes the ordinary way.
    if (settings.ownStatements || unit.length !== 1 || posting?.kind !== 'create')
      return (
        await runBatch(
          tenant,
          () => [unit],
          () => {},
        )
      )[0] as UnitOutcome;
    for (let attempt = 1; ; attempt += 1) {
      try {
        return await postOne(tenant, posting, options);
      } catch (error) {
        if (attempt === attemptsMax || !(error instanceof KeyRaceLost || isRetryable(error))) return { refusal: error };
        await delay(attempt * 5 + Math.random() * 20);
      }
    }
  };

  const settle = async (tenant: TenantContext, unit: Unit): Promise<readonly Posted[]> => {
    for (const posting of unit) if (posting.kind === 'create') checkCommand(posting.command, options.now());
    const outcome = await settings.gate.pass(() => run(tenant, unit));
    if ('refusal' in outcome) throw outcome.refusal;
    const { outcomes } = outcome;
    return outcomes.every((each) => 'transaction' in each) ? outcomes : readReplayed(tenant, outcomes);
  };

  return {
    post: async (tenant, posting) => (await settle(tenant, [posting]))[0] as Posted,
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
