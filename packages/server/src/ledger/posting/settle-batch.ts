import { setTimeout as delay } from 'node:timers/promises';
import { LedgerError } from '@cofferdam/core';
import {
  isConnectionLost,
  isDataError,
  isLockTimeout,
  isOutOfResources,
  isRetryable,
  isStatementCancelled,
} from '../../postgres/pg-errors.js';
import type { TenantContext } from '../../postgres/tenant-context.js';
import { asRefusal } from '../storage/constraint-errors.js';
import { type CommitOutcome, endUnfinished, findOutcome } from '../storage/find-outcome.js';
import { withTenantClient } from '../storage/with-tenant.js';
import type { Unit, UnitOutcome } from './plan-batch.js';
import { type BatchOptions, KeyRaceLost, OutcomeUnknown, postBatch } from './post-batch.js';
import type { BatchRunner } from './tenant-queue.js';

/** The part of a pino logger that posting uses. */
export interface PostingLog {
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** Deadlock victims, lost key races and broken connections have left nothing behind; more of them than this is no accident. */
const attemptsMax = 6;
/** How long an unknown outcome is asked for before the clients are told that it is unknown. */
const outcomeWaitMsMax = 15_000;

/**
 * Brings a batch to its end, whatever the database answers; never throws.
 * - deadlock, serialization failure, lost key race, connection lost before COMMIT: again, a bounded number of times;
 * - COMMIT without an answer: ask the books first (design.md), then done or again;
 * - data refused by the database: each half by itself, down to the unit that is refused, so that one bad member cannot
 *   refuse the others and costs a handful of batches rather than one for each of them;
 * - anything else: that error is every unit's answer.
 */
export function createBatchRunner(options: BatchOptions & { readonly log: PostingLog }): BatchRunner {
  const { log } = options;

  async function settle(
    tenant: TenantContext,
    take: () => readonly Unit[],
    onWriting: () => void = () => {},
  ): Promise<readonly UnitOutcome[]> {
    let taken: readonly Unit[] | undefined;
    const takeOnce = () => {
      taken ??= take();
      return taken;
    };
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await postBatch(tenant, takeOnce, options, onWriting))?.units ?? [];
      } catch (error) {
        const units = takeOnce();
        if (error instanceof OutcomeUnknown) {
          const outcome = await learnOutcome(tenant, error);
          if (outcome === 'committed') return error.planned.units;
          if (outcome === 'in progress') return units.map(() => ({ refusal: outcomeUnknown(error) }));
        } else if (isDataError(error)) {
          return units.length === 1 ? [{ refusal: asRefusal(error) }] : settleHalves(tenant, units, error);
        } else if (!mayRunAgain(error)) {
          const passes = isLockTimeout(error) || isStatementCancelled(error) || isOutOfResources(error);
          const refusal = passes ? givenUp(error) : error;
          return units.map(() => ({ refusal }));
        }
        if (attempt === attemptsMax) return units.map(() => ({ refusal: givenUp(error) }));
        // Two victims of one deadlock must not meet again at the same moment.
        if (!(error instanceof KeyRaceLost)) await delay(attempt * 5 + Math.random() * 20);
      }
    }
  }

  async function settleHalves(tenant: TenantContext, units: readonly Unit[], error: unknown): Promise<UnitOutcome[]> {
    log.warn(
      { tenantId: tenant.tenantId, err: error, units: units.length },
      'the database refused a batch; its halves are posted by themselves',
    );
    const middle = Math.ceil(units.length / 2);
    const first = await settle(tenant, () => units.slice(0, middle));
    return [...first, ...(await settle(tenant, () => units.slice(middle)))];
  }

  async function learnOutcome(tenant: TenantContext, lost: OutcomeUnknown): Promise<CommitOutcome> {
    log.warn(
      { tenantId: tenant.tenantId, err: lost, xid: lost.xid },
      'the answer to COMMIT was lost; looking the transactions up',
    );
    const { transactionIds, statusChanges } = lost.planned;
    for (const started = performance.now(); performance.now() - started < outcomeWaitMsMax; await delay(100)) {
      try {
        const outcome = await withTenantClient(tenant, (client) =>
          findOutcome(client, lost.xid, transactionIds, statusChanges),
        );
        if (outcome !== 'in progress') return outcome;
        // Its session has not noticed that we are gone: it would hold its locks, and us in doubt, until it does.
        await withTenantClient(tenant, (client) => endUnfinished(client, lost.session, lost.xid));
      } catch (error) {
        log.warn({ tenantId: tenant.tenantId, err: error }, 'the books cannot be asked yet');
      }
    }
    return 'in progress';
  }

  return settle;
}

function mayRunAgain(error: unknown): boolean {
  return error instanceof KeyRaceLost || isRetryable(error) || isConnectionLost(error);
}

function givenUp(error: unknown): LedgerError {
  return new LedgerError('tenant_service_unavailable', {
    detail: "The tenant's store did not take the transaction in several attempts. Nothing was posted; send it again.",
    retryAfterSeconds: 1,
    log: error,
  });
}

function outcomeUnknown(error: unknown): LedgerError {
  return new LedgerError('tenant_service_unavailable', {
    detail:
      "The connection to the tenant's store broke during the commit, and whether the transaction was posted is not known yet. Send it again with the same X-Idempotency key: it is posted once.",
    retryAfterSeconds: 5,
    log: error,
  });
}
