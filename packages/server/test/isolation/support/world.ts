import pg from 'pg';
import { openClient } from '../../../src/postgres/pool.js';
import { asAdmin } from '../../support/admin.js';
import { startTestServer, type TestServer, type TestTenant } from '../../support/server.js';
import { type Books, type Client, createBooks } from './books.js';

type Isolation = TestTenant['isolation'];

/** A tenant's own login, as its requests use it. */
export interface Store {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly schema: string;
  readonly username: string;
  readonly password: string;
}

export interface Member {
  /** `A (database)`, for the titles of failures. */
  readonly name: string;
  readonly tenant: TestTenant;
  readonly token: string;
  readonly client: Client;
  readonly store: Store;
}

export interface Resident extends Member {
  readonly books: Books;
}

export interface World {
  readonly server: TestServer;
  /** In the order asked for: A, B, C, … */
  readonly residents: readonly Resident[];
  stop(): Promise<void>;
}

export const bothModes: readonly Isolation[] = ['database', 'database', 'schema', 'schema'];

/** Of A, B (database) and C, D (schema): same mode twice, and mixed in both directions. */
export const meetings = ([a, b, c, d]: readonly Resident[]): [Resident, Resident][] =>
  [
    [a, b],
    [c, d],
    [b, c],
    [d, a],
  ] as [Resident, Resident][];

/** One multi-tenant server with tenants in these modes, each with books of its own. */
export async function openWorld(
  modes: readonly Isolation[] = bothModes,
  environment: Readonly<Record<string, string>> = {},
): Promise<World> {
  const server = await startTestServer({ MULTI_TENANT_ENABLED: 'true', ...environment });
  try {
    const residents = await Promise.all(
      modes.map(async (isolation, at) => {
        const member = await join(server, isolation, String.fromCharCode(65 + at));
        return { ...member, books: await createBooks(member.client) };
      }),
    );
    return { server, residents, stop: () => server.stop() };
  } catch (error) {
    await server.stop();
    throw error;
  }
}

/** One more tenant, without books. */
export async function join(
  server: TestServer,
  isolation: Isolation,
  letter: string,
  more: { readonly slug?: string } = {},
): Promise<Member> {
  const tenant = await server.createTenant({ isolation, ...more });
  const token = await tenant.token();
  const client: Client = (method, path, body, options) =>
    server.call(method, path, { token, ...(body === undefined ? {} : { body }), ...options });
  return { name: `${letter} (${isolation})`, tenant, token, client, store: await storeOf(server, tenant) };
}

async function storeOf(server: TestServer, tenant: TestTenant): Promise<Store> {
  const { status, body, text } = await server.operate(
    'GET',
    `/v1/tenants/${tenant.id}/associations/ledger/connections`,
  );
  if (status !== 200) throw new Error(`no connections: ${status} ${text}`);
  return body.databases.transaction.postgresql;
}

export interface Door {
  readonly database?: string;
  readonly searchPath?: readonly string[];
}

/** Runs statements under a tenant's own run-time login: the rows of the last one, or the SQLSTATE of the first refusal. */
export async function underLogin(
  { store }: Pick<Member, 'store'>,
  statements: readonly string[],
  door: Door = {},
): Promise<readonly unknown[] | string> {
  const client = openClient(
    {
      host: store.host,
      port: store.port,
      database: door.database ?? store.database,
      user: store.username,
      password: store.password,
    },
    { applicationName: 'test of the walls', ...(door.searchPath && { searchPath: door.searchPath }) },
  );
  try {
    await client.connect();
    let rows: unknown[] = [];
    for (const statement of statements) rows = (await client.query(statement)).rows;
    return rows;
  } catch (error) {
    if (error instanceof pg.DatabaseError && error.code !== undefined) return error.code;
    throw error;
  } finally {
    await client.end().catch(() => {});
  }
}

/** A digest of every row of every table of a tenant's store. */
export async function digest({
  store,
}: {
  readonly store: Pick<Store, 'database' | 'schema'>;
}): Promise<Readonly<Record<string, string>>> {
  return asAdmin(async (admin) => {
    const tables = await admin.query<{ name: string }>(
      `select quote_ident(schemaname) || '.' || quote_ident(tablename) as name from pg_tables where schemaname = $1 order by 1`,
      [store.schema],
    );
    const parts = tables.rows.map(
      ({ name }) =>
        `select '${name}' as name, count(*) || ' rows ' || md5(coalesce(string_agg(row::text, '' order by row::text), '')) as sum from ${name} row`,
    );
    const { rows } = await admin.query<{ name: string; sum: string }>(parts.join(' union all '));
    return Object.fromEntries(rows.map(({ name, sum }) => [name, sum]));
  }, store.database);
}
