import type pg from 'pg';
import type { AdminServer } from './admin-connections.js';
import type { StoreNames } from './physical-names.js';

/**
 * The administrator in the database of a tenant's books. Schemas share their database's pool; a tenant with a database of its
 * own costs a connection.
 */
export async function inStore<T>(
  server: AdminServer,
  { database, schema }: StoreNames,
  work: (client: pg.ClientBase) => Promise<T>,
): Promise<T> {
  if (database !== server.sharedDatabase) {
    const client = await server.connect(database, schema);
    return work(client).finally(() => client.end());
  }
  const client = await server.shared.connect();
  try {
    return await work(client);
  } finally {
    client.release();
  }
}
