import { type Carrier, createCarrier } from '../carry-operations.js';
import { getOperation } from '../operations.js';
import { advanceMove } from './advance-move.js';
import { ContentDiffers } from './content.js';
import { detailsOf } from './move-record.js';
import type { MoveTools } from './prepare-place.js';

/** Before the switch: after that many errors in a row everything is taken back. Later than the switch there is no giving up. */
const attemptsMax = 5;
/** Each attempt is a pause of its own. */
const pausedAttemptsMax = 2;

export const createMover = (tools: MoveTools): Carrier =>
  createCarrier(tools, {
    what: 'a move',
    unfinished: `kind = 'tenant.move' and details ->> 'phase' <> 'await'`,
    advance: (operationId) => advanceMove(tools, operationId),
    noteFailure: (operationId, error) => noteFailure(tools, operationId, error),
  });

/**
 * Recorded, and tried again. Before the switch not for ever: then the new place is taken away. A revert that cannot be done
 * leaves the tenant where it is, to be confirmed or reverted later. Places that differ are no passing trouble.
 */
async function noteFailure(tools: MoveTools, operationId: string, error: unknown): Promise<boolean> {
  const text = (error instanceof Error ? error.message : String(error)).slice(0, 1_000);
  const { pool } = tools.control;
  await pool.query('update operation set error = $2, attempts = attempts + 1, updated_at = now() where id = $1', [
    operationId,
    text,
  ]);
  const operation = await getOperation(pool, operationId);
  const { phase, method } = detailsOf(operation);
  if (operation.attempts < (method === 'pause' ? pausedAttemptsMax : attemptsMax) && !(error instanceof ContentDiffers))
    return false;
  const instead = { copy: { phase: 'clear', reason: text }, revert: { phase: 'await' } }[phase as string];
  if (instead === undefined) return false;
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
  return false;
}
