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

const toSwitch = [
  'move-prepare',
  'move-tables',
  'move-follow',
  'move-offer-back',
  'move-compare',
  'move-hold',
  'move-shut',
  'move-rename',
  'move-switch',
  'move-withdraw',
  'move-follow-back',
] as const;

test('killed at every step in turn: the tenant is served where it was, the move goes on, nothing is lost', async () => {
  ground.startAnew();
  const { id } = await ground.installation.create({ isolation: 'database' });
  const { manager } = ground.installation;
  const { id: operationId } = await startMove(manager, id, { actor: 'test', wish: { isolation: 'schema' } });
  for (const step of toSwitch) {
    if (step === 'move-rename') await runAndKill(ground.installation, [id], 'worked', step, 'move');
    else await ground.freezeAndCut(operationId, step, id);
    const { phase } = await ground.detailsOf(operationId);
    expect(phase, step).toBe(toSwitch.indexOf(step) < toSwitch.indexOf('move-switch') ? 'copy' : 'settle');
    // Killed in the pause, its end is for whoever comes next; until then the tenant waits.
    if (!['move-shut', 'move-rename'].includes(step)) await ground.write(id);
  }
  await expect.poll(() => ground.carryOn(operationId), { timeout: 60_000 }).toMatchObject({ phase: 'await' });
  await ground.write(id);
  await decideMove(manager, id, { actor: 'test', decision: 'confirm' });
  for (const step of ['move-take-down', 'move-leave']) {
    await ground.freezeAndCut(operationId, step, id);
    await ground.write(id);
  }
  await expect.poll(() => ground.carryOn(operationId), { timeout: 60_000 }).toMatchObject({ state: 'succeeded' });
  expect(await ground.names(id)).toEqual(ground.expected());
  expect(await ground.traces(id)).toEqual(['role t_b', 'role t_migrator', 'role t_owner']);
}, 360_000);

test('a copy that is not what was copied is found before the switch: the move fails, the old place goes on serving', async () => {
  ground.startAnew();
  const { id } = await ground.installation.create({ isolation: 'schema' });
  const { manager } = ground.installation;
  await ground.write(id);
  const { id: operationId } = await startMove(manager, id, { actor: 'test', wish: { isolation: 'database' } });
  await ground.freezeAndCut(operationId, 'move-follow', id);
  const name = physicalName(id);
  await expect
    .poll(
      () =>
        asAdmin(async (admin) => {
          const { rowCount } = await admin.query(`update ${name}.organization set legal_name = 'another'`);
          return rowCount;
        }, name),
      { timeout: 60_000 },
    )
    .toBe(1);
  await expect.poll(() => ground.carryOn(operationId), { timeout: 60_000 }).toMatchObject({ state: 'failed' });
  expect((await getOperation(manager.control.pool, operationId)).error).toContain('organization (1 rows');
  await ground.write(id);
  expect(await ground.names(id)).toEqual(['row 0', 'row 1']);
  expect(await ground.traces(id)).toEqual(['role t', 'role t_migrator', 'role t_owner']);
}, 240_000);
