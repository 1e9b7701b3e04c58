import type { TenantId } from '@cofferdam/core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { decideMove, startMove } from '../../../src/tenancy/move/start-move.js';
import { getOperation } from '../../../src/tenancy/operations.js';
import { physicalName } from '../../../src/tenancy/physical-names.js';
import { asAdmin } from '../../support/cluster.js';
import { runAndKill } from '../support/run-and-kill.js';
import { openCrashGround } from './crash-ground.js';

let ground: Awaited<ReturnType<typeof openCrashGround>>;
beforeAll(async () => {
  ground = await openCrashGround();
});
afterAll(() => ground?.close());

/** As if the servers had no logical replication: what is written down at the start decides. */
async function startPaused(id: TenantId, isolation: 'database' | 'schema'): Promise<string> {
  const { manager } = ground.installation;
  const { id: operationId } = await startMove(manager, id, { actor: 'test', wish: { isolation } });
  await manager.control.pool.query(`update operation set details = details || '{"method": "pause"}' where id = $1`, [
    operationId,
  ]);
  return operationId;
}

const toSwitch = [
  'move-prepare',
  'move-tables',
  'move-hold',
  'move-shut',
  'move-filled',
  'move-compare',
  'move-rename',
  'move-switch',
  'move-settled',
] as const;
/** Killed there, the door is closed: its end is for whoever comes next; until then the tenant waits. */
const closed = ['hold', 'shut', 'filled', 'compare', 'rename'];
const isClosed = (step: string) => closed.some((end) => step.endsWith(`-${end}`));

test('a move in a pause, killed at every step in turn, there and back: the tenant is served where it was, nothing is lost', async () => {
  ground.startAnew();
  const { id } = await ground.installation.create({ isolation: 'schema' });
  const { manager } = ground.installation;
  await ground.write(id);
  const operationId = await startPaused(id, 'database');
  for (const step of toSwitch) {
    if (step === 'move-filled') await runAndKill(ground.installation, [id], 'worked', step, 'move');
    else await ground.freezeAndCut(operationId, step, id);
    const { phase } = await ground.detailsOf(operationId);
    expect(phase, step).toBe(toSwitch.indexOf(step) < toSwitch.indexOf('move-switch') ? 'copy' : 'settle');
    if (!isClosed(step)) await ground.write(id);
  }
  await expect.poll(() => ground.carryOn(operationId), { timeout: 60_000 }).toMatchObject({ phase: 'await' });
  await ground.write(id);
  await decideMove(manager, id, { actor: 'test', decision: 'revert' });
  for (const step of ['back-hold', 'back-shut', 'back-filled', 'back-rename', 'back-switch', 'move-take-down']) {
    await ground.freezeAndCut(operationId, step, id);
    if (!isClosed(step)) await ground.write(id);
  }
  await expect.poll(() => ground.carryOn(operationId), { timeout: 60_000 }).toMatchObject({ state: 'cancelled' });
  await ground.write(id);
  expect(await ground.names(id)).toEqual(ground.expected());
  expect(await ground.traces(id)).toEqual(['role t', 'role t_migrator', 'role t_owner']);
}, 360_000);

test('what arrives changed in a pause is found before the switch: the move fails, the old place goes on serving', async () => {
  ground.startAnew();
  const { id } = await ground.installation.create({ isolation: 'schema' });
  const { manager } = ground.installation;
  await ground.write(id);
  const operationId = await startPaused(id, 'database');
  await ground.freezeAndCut(operationId, 'move-hold', id);
  const name = physicalName(id);
  await asAdmin(
    (admin) =>
      admin.query(
        `create function ${name}.tamper() returns trigger language plpgsql as $$ begin new.legal_name = 'another'; return new; end $$;
         create trigger tamper before insert on ${name}.organization for each row execute function ${name}.tamper()`,
      ),
    name,
  );
  await expect.poll(() => ground.carryOn(operationId), { timeout: 60_000 }).toMatchObject({ state: 'failed' });
  expect((await getOperation(manager.control.pool, operationId)).error).toContain('organization (1 rows');
  await ground.write(id);
  expect(await ground.names(id)).toEqual(['row 0', 'row 1']);
  expect(await ground.traces(id)).toEqual(['role t', 'role t_migrator', 'role t_owner']);
}, 240_000);
