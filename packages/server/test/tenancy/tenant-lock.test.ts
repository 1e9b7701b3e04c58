import { randomBytes } from 'node:crypto';
import type { TenantId } from '@cofferdam/core';
import { afterAll, expect, test } from 'vitest';
import { type ControlDatabase, openControlDatabase } from '../../src/tenancy/control-database.js';
import { underTenantLock } from '../../src/tenancy/tenant-lock.js';
import { adminSettings } from '../support/cluster.js';

const connections = 4;
const opened: ControlDatabase[] = [];
afterAll(async () => {
  await Promise.all(opened.map((control) => control.close()));
});
/** Locks and a query need no table. */
function open(): ControlDatabase {
  const control = openControlDatabase(adminSettings(), { now: () => new Date(), onError() {}, max: connections });
  opened.push(control);
  return control;
}
const newTenantId = () => randomBytes(16).toString('hex') as TenantId;

test('more work under locks at once than there are connections: all of it is done', async () => {
  const control = open();
  const ids = Array.from({ length: 5 * connections }, newTenantId);
  const done = await Promise.all(
    ids.map((id) =>
      underTenantLock(control, id, async () => {
        const { rows } = await control.pool.query<{ id: string }>('select $1 as id', [id]);
        return rows[0]?.id;
      }),
    ),
  );
  expect(done).toEqual(ids);
});

test('one at a time at a tenant, whichever process; afterwards the next, also when the work threw', async () => {
  const [first, second] = [open(), open()];
  const id = newTenantId();
  const failed = underTenantLock(first, id, async () => {
    expect(await underTenantLock(second, id, async () => 'done')).toBeUndefined();
    expect(await underTenantLock(second, newTenantId(), async () => 'done')).toBe('done');
    throw new Error('broken off');
  });
  await expect(failed).rejects.toThrow('broken off');
  expect(await underTenantLock(second, id, async () => 'done')).toBe('done');
});
