import { getOperation } from '../operations.js';
import { advanceMove } from './advance-move.js';
import { ContentDiffers } from './content.js';
import { detailsOf } from './move-record.js';
import type { MoveTools } from './prepare-place.js';

/** Carries moves on in this process; several processes may each run one. */
export interface Mover {
  /** Takes up a move, also one that a killed process left. Never rejects. */
  take(operationId: string): void;
  /** Takes up what nobody is at: called at start and again and again. */
  takeUnfinished(): Promise<void>;
  /** Ends after the step under way; unfinished moves are for whoever looks next. */
  stop(): Promise<void>;
}

/** Before the switch: after that many errors in a row everything is taken back. Later than the switch there is no giving up. */
const attemptsMax = 5;
const retryMs = 1_000;

export function createMover(tools: MoveTools): Mover {
  const running = new Map<string, Promise<void>>();
  let stopped = false;
  let wake = () => {};
  const stopping = new Promise<void>((resolve) => {
    wake = resolve;
  });
  const pause = (ms: number) => {
    let timer: NodeJS.Timeout | undefined;
    const elapsed = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, ms);
    });
    return Promise.race([elapsed, stopping]).finally(() => clearTimeout(timer));
  };

  const carry = async (operationId: string): Promise<void> => {
    while (!stopped) {
      let next: number | undefined;
      try {
        next = await advanceMove(tools, operationId);
      } catch (error) {
        tools.log.error({ operation: operationId, err: error }, 'a move met an error');
        await noteFailure(tools, operationId, error);
        next = retryMs;
      }
      if (next === undefined) return;
      await pause(next);
    }
  };
  const take = (operationId: string): void => {
    if (stopped || running.has(operationId)) return;
    const carried = carry(operationId)
      .catch((error: unknown) => tools.log.error({ operation: operationId, err: error }, 'a move was interrupted'))
      .finally(() => running.delete(operationId));
    running.set(operationId, carried);
  };

  return Object.freeze({
    take,
    async takeUnfinished() {
      const { rows } = await tools.control.pool.query<{ id: string }>(
        `select id from operation
          where kind = 'tenant.move' and state = 'running' and details ->> 'phase' <> 'await' order by id limit 100`,
      );
      for (const { id } of rows) take(id);
    },
    async stop() {
      stopped = true;
      wake();
      await Promise.all(running.values());
    },
  });
}

/**
 * Recorded, and tried again. Before the switch not for ever: then the new place is taken away. A revert that cannot be done
 * leaves the tenant where it is, to be confirmed or reverted later. Places that differ are no passing trouble.
 */
async function noteFailure(tools: MoveTools, operationId: string, error: unknown): Promise<void> {
  const text = (error instanceof Error ? error.message : String(error)).slice(0, 1_000);
  const { pool } = tools.control;
  await pool.query('update operation set error = $2, attempts = attempts + 1, updated_at = now() where id = $1', [
    operationId,
    text,
  ]);
  const operation = await getOperation(pool, operationId);
  const { phase } = detailsOf(operation);
  if (operation.attempts < attemptsMax && !(error instanceof ContentDiffers)) return;
  const instead = { copy: { phase: 'clear', reason: text }, revert: { phase: 'await' } }[phase as string];
  if (instead === undefined) return;
  await pool.query(
    `update operation set details = details || $2, attempts = 0, step = case when $3 then 'await-confirmation' else step end
      where id = $1 and details ->> 'phase' = $4`,
    [operationId, JSON.stringify(instead), phase === 'revert', phase],
  );
  await tools.control.audit({
    actor: operation.actor,
    action: phase === 'revert' ? 'tenant.move.revert' : 'tenant.move.switch',
    ...(operation.tenantId === null ? {} : { tenantId: operation.tenantId }),
    outcome: 'failed',
    details: { operation: operationId, reason: text },
  });
}
