import { openTenantPool } from '../../../src/postgres/pool.js';
import type { TenantContext } from '../../../src/postgres/tenant-context.js';
import type { LedgerStore } from '../../support/cluster.js';

/** A way to the store as another process has one: pool, and with it the poster's queue, of its own. */
export async function withOtherProcess<T>(store: LedgerStore, run: (other: TenantContext) => Promise<T>): Promise<T> {
  const pool = openTenantPool(store.settings, { max: 5, applicationName: 'ledger-test-2', searchPath: ['ledger'] });
  try {
    return await run(Object.freeze({ ...store.tenant, pool }));
  } finally {
    await pool.drain(1_000);
  }
}
