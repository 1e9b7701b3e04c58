import { finishOperation, getOperation } from '../operations.js';
import { advanceRotation, type RotationTools, undoRotation } from './advance-rotation.js';

/** Carries rotations to their end in this process; several processes may each run one. */
export interface Rotator {
  /** Takes up a rotation, also one that a killed process left. Never rejects. */
  take(operationId: string): void;
  /** Takes up what nobody is at: called at start and again and again. */
  takeUnfinished(): Promise<void>;
  /** Ends after the step under way; unfinished rotations are for whoever looks next. */
  stop(): Promise<void>;
}

/** Before the switch: a server that cannot be reached now may be in a moment. Later than the switch there is no giving up. */
const attemptsMax = 5;
const retryMs = 1_000;

export function createRotator(tools: RotationTools): Rotator {
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
        next = await advanceRotation(tools, operationId);
      } catch (error) {
        tools.log.error({ operation: operationId, err: error }, 'a rotation met an error');
        next = (await giveUp(tools, operationId, error)) ? undefined : retryMs;
      }
      if (next === undefined) return;
      await pause(next);
    }
  };
  const take = (operationId: string): void => {
    if (stopped || running.has(operationId)) return;
    const carried = carry(operationId)
      .catch((error: unknown) => tools.log.error({ operation: operationId, err: error }, 'a rotation was interrupted'))
      .finally(() => running.delete(operationId));
    running.set(operationId, carried);
  };

  return Object.freeze({
    take,
    async takeUnfinished() {
      const { rows } = await tools.control.pool.query<{ id: string }>(
        `select id from operation where kind = 'tenant.rotate' and state = 'running' order by id limit 100`,
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
