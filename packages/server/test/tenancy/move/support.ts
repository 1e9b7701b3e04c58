import pg from 'pg';
import { type Books, createBooks, transfer } from '../../isolation/support/books.js';
import { call, type Reply, type TestServer, type TestTenant } from '../../support/server.js';

/** A login as `/connections` tells it. */
export type Login = {
  host: string;
  port: number;
  database: string;
  username: string;
  password: string;
  schema?: string;
};

export async function loginOf(server: TestServer, id: string): Promise<Login> {
  const { body } = await server.operate('GET', `/v1/tenants/${id}/associations/ledger/connections`);
  return body.databases.onboarding.postgresql;
}

/** Runs `work` as the tenant's own login; undefined when PostgreSQL refuses it. */
export async function asLogin<T>({ username: user, ...login }: Login, work: (client: pg.Client) => Promise<T>) {
  const { schema: _, ...settings } = login;
  const client = new pg.Client({ ...settings, user });
  try {
    await client.connect();
  } catch {
    await client.end().catch(() => {});
    return undefined;
  }
  try {
    return { value: await work(client) };
  } finally {
    await client.end();
  }
}

/** Waits until an operation is where `done` says. */
export async function until(
  server: TestServer,
  operationId: string,
  // biome-ignore lint/suspicious/noExplicitAny: tests read what they assert
  done: (operation: any) => boolean,
  seconds = 90,
): Promise<Reply['body']> {
  for (const deadline = Date.now() + seconds * 1_000; ; ) {
    const { body } = await server.operate('GET', `/v1/operations/${operationId}`);
    if (done(body)) return body;
    if (Date.now() > deadline || body.state !== 'running') throw new Error(`not there: ${JSON.stringify(body)}`);
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

export interface Load {
  readonly acknowledged: readonly string[];
  readonly failures: readonly string[];
  /** Of the request that took longest, since the last time asked. */
  longestMs(): number;
  stop(): Promise<void>;
}

/** Writers and readers on every process, each as fast as it is answered. */
export function startLoad(servers: readonly TestServer[], token: string, books: Books, each = 3): Load {
  const acknowledged: string[] = [];
  const failures: string[] = [];
  let longest = 0;
  let over = false;
  const worker = async (base: string, write: boolean): Promise<void> => {
    while (!over) {
      const { assetCode, alias } = books.ids;
      const since = performance.now();
      const answer = await call(
        base,
        write ? 'POST' : 'GET',
        `${books.path}/transactions${write ? '/json' : '?limit=1'}`,
        {
          token,
          ...(write
            ? {
                body: transfer(assetCode, '1', `@external/${assetCode}`, String(alias)),
                headers: { 'x-idempotency': crypto.randomUUID() },
              }
            : {}),
        },
      );
      longest = Math.max(longest, performance.now() - since);
      if (answer.status >= 300) failures.push(`${answer.status} ${answer.text}`);
      else if (write) acknowledged.push(answer.body.id);
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  };
  const workers = servers.flatMap(({ running }) =>
    Array.from({ length: each }, (_, at) => worker(running.urls.ledger, at > 0)),
  );
  return {
    acknowledged,
    failures,
    longestMs() {
      const ms = Math.round(longest);
      longest = 0;
      return ms;
    },
    async stop() {
      over = true;
      await Promise.all(workers);
    },
  };
}

export async function booksOf(server: TestServer, tenant: TestTenant) {
  const token = await tenant.token();
  return { token, books: await createBooks((method, path, body) => server.call(method, path, { token, body })) };
}

/** What is in the books, read as the tenant's login. */
export async function readBooks(login: Login): Promise<{ ids: string[]; sums: number[]; unbalanced: number }> {
  const found = await asLogin(login, async (client) => {
    const ids = await client.query('select id from transaction order by id');
    const sums = await client.query(
      `select sum(case direction when 'credit' then available + on_hold else on_hold - available end)::float8 as sum
         from balance group by asset_code`,
    );
    const unbalanced = await client.query(
      `select from operation group by transaction_id, asset_code
        having sum((on_hold_after - on_hold_before)
          + case balance_direction when 'credit' then 1 else -1 end * (available_after - available_before)) <> 0`,
    );
    return {
      ids: ids.rows.map(({ id }) => id),
      sums: sums.rows.map(({ sum }) => sum),
      unbalanced: unbalanced.rowCount ?? 0,
    };
  });
  if (found === undefined) throw new Error('the login is refused');
  return found.value;
}
