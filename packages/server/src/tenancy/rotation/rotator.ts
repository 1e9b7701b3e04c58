import { type Carrier, createCarrier } from '../carry-operations.js';
import { finishOperation, getOperation } from '../operations.js';
import { advanceRotation, type RotationTools, undoRotation } from './advance-rotation.js';

/** Before the switch: a server that cannot be reached now may be in a moment. Later than the switch there is no giving up. */
const attemptsMax = 5;

export const createRotator = (tools: RotationTools): Carrier =>
  createCarrier(tools, {
    what: 'a rotation',
    unfinished: `kind = 'tenant.rotate'`,
    advance: (operationId) => advanceRotation(tools, operationId),
    noteFailure: (operationId, error) => giveUp(tools, operationId, error),
  });

/** Records what went wrong; true when that was the last attempt. */
async function giveUp(tools: RotationTools, operationId: string, error: unknown): Promise<boolean> {
  const text = (error instanceof Error ? error.message : String(error)).slice(0, 1_000);
  await tools.control.pool.query(
    'update operation set error = $2, attempts = attempts + 1, updated_at = now() where id = $1',
    [operationId, text],
  );
  const operation = await getOperation(tools.control.pool, operationId);
  if (operation.attempts < attemptsMax || 'switchedAt' in operation.details) return false;
  await undoRotation(tools, operation).catch((cause: unknown) =>
    tools.log.error({ operation: operationId, err: cause }, 'a login made for a rotation could not be dropped'),
  );
  await tools.control.change(async (tx) => {
    await finishOperation(tx.client, operationId, { state: 'failed', error: text, at: tx.at });
    await tx.audit({
      actor: operation.actor,
      action: 'tenant.rotate.finish',
      ...(operation.tenantId === null ? {} : { tenantId: operation.tenantId }),
      outcome: 'failed',
      details: { operation: operationId, reason: text },
    });
  });
  return true;
}
