import { withDatabase } from '../../../src/postgres/connection-settings.js';
import { openPool } from '../../../src/postgres/pool.js';
import { adminSettings } from '../../support/admin.js';
import {
  type CallOptions,
  type Reply,
  startTestServer,
  type TestServer,
  type TestTenant,
} from '../../support/server.js';

/** Books over real HTTP, with a door to what lies behind them for the refusals of what no client can make. */
export interface Stage {
  readonly server: TestServer;
  readonly tenant: TestTenant;
  readonly token: string;
  /** `/v1/organizations/…` and `…/ledgers/…`. */
  readonly organization: string;
  readonly ledger: string;
  readonly organizationId: string;
  readonly ledgerId: string;
  /** `path` is below the ledger unless it begins with a slash. */
  ask(method: string, path: string, body?: unknown, options?: CallOptions): Promise<Reply>;
  /** The body of an answer that has to be a success. */
  // biome-ignore lint/suspicious/noExplicitAny: answers are looked into freely
  make(method: string, path: string, body?: unknown): Promise<any>;
  /** As the superuser, on the tenant's store. */
  sql(text: string, values?: unknown[]): Promise<readonly Record<string, unknown>[]>;
  /** Another ledger of the same organization. */
  newLedger(settings?: object): Promise<string>;
  close(): Promise<void>;
}

/** Never the same twice: names, aliases, keys. */
export const fresh = (() => {
  let made = 0;
  return (stem = 'n') => {
    made += 1;
    return `${stem}${made}`;
  };
})();

/** Multi-tenant, with authentication, in production: everything that can refuse is there. */
export async function openStage(): Promise<Stage> {
  const server = await startTestServer({ MULTI_TENANT_ENABLED: 'true', ENV_NAME: 'production' });
  const tenant = await server.createTenant();
  const token = await tenant.token();
  const pool = openPool(withDatabase(adminSettings(), `t_${tenant.id.replaceAll('-', '')}`), {
    max: 1,
    applicationName: 'error-codes',
    searchPath: ['ledger'],
  });
  let ledger = '';
  const ask: Stage['ask'] = (method, path, body, options) =>
    server.call(method, path.startsWith('/') ? path : `${ledger}/${path}`, { token, body, ...options });
  const make: Stage['make'] = async (method, path, body) => {
    const { status, body: answer, text } = await ask(method, path, body);
    if (status >= 300) throw new Error(`${method} ${path} was refused: ${status} ${text}`);
    return answer;
  };
  const made = await make('POST', '/v1/organizations', { legalName: 'Acme', legalDocument: '123' });
  const organization = `/v1/organizations/${made.id}`;
  const newLedger: Stage['newLedger'] = async (settings) => {
    const { id } = await make('POST', `${organization}/ledgers`, { name: fresh('L') });
    const path = `${organization}/ledgers/${id}`;
    await make('POST', `${path}/assets`, { name: 'Dollar', type: 'currency', code: 'USD' });
    if (settings) await make('PATCH', `${path}/settings`, settings);
    return path;
  };
  ledger = await newLedger();
  await make('POST', 'accounts', { assetCode: 'USD', type: 'deposit', alias: '@a' });
  await make('POST', 'accounts', { assetCode: 'USD', type: 'deposit', alias: '@b' });
  await make('POST', 'transactions/inflow', inflow('@a', '1000'));
  return {
    server,
    tenant,
    token,
    organization,
    ledger,
    organizationId: made.id,
    ledgerId: ledger.slice(-36),
    ask,
    make,
    sql: async (text, values) => (await pool.query(text, values)).rows,
    newLedger,
    async close() {
      await pool.end();
      await server.stop();
    },
  };
}

type Leg = Record<string, unknown>;

export const leg = (accountAlias: string, value: string, more: Leg = {}): Leg => ({
  accountAlias,
  amount: { asset: 'USD', value },
  ...more,
});

/** No two are equal, so that none replays another. */
export const inflow = (alias: string, value: string) => ({
  description: fresh('inflow'),
  send: { asset: 'USD', value, distribute: { to: [leg(alias, value)] } },
});

export const transfer = (value: string, from: Leg[], to: Leg[], more: object = {}) => ({
  description: fresh('transfer'),
  send: { asset: 'USD', value, source: { from }, distribute: { to } },
  ...more,
});

/** `@a` pays `@b`. */
export const pay = (value = '1', more: object = {}) => transfer(value, [leg('@a', value)], [leg('@b', value)], more);

export const nobody = '019c96a0-0000-7000-8000-000000000000';

/** How one refusal is met: what is answered must carry the code. */
export type Raise = (stage: Stage) => Promise<Reply>;
