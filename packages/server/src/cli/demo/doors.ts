import pg from 'pg';
import { call, expectOk } from './api.js';

export interface Attempt {
  readonly what: string;
  readonly answer: string;
  readonly refused: boolean;
}

interface StoreLocation {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly username: string;
  readonly password: string;
  readonly schema?: string;
}

/** First wall: a token of one tenant with an id of the other answers exactly like an id that never existed. */
export async function knockOverHttp(
  ledgerUrl: string,
  from: string,
  token: string,
  to: string,
  organizationId: string,
): Promise<Attempt> {
  const never = '00000000-0000-7000-8000-000000000000';
  const [others, missing] = await Promise.all([
    call('GET', `${ledgerUrl}/v1/organizations/${organizationId}`, { token, headers: { 'x-tenant-id': to } }),
    call('GET', `${ledgerUrl}/v1/organizations/${never}`, { token }),
  ]);
  const same = others.text === missing.text;
  return {
    what: `${from}'s token, an organization of ${to}`,
    answer: `${others.status} ${others.body?.code ?? ''}${same ? ', byte for byte as for an id that does not exist' : ''}`,
    refused: others.status === 404 && same,
  };
}

/** Second wall: even with its password, the login of one tenant is refused at the other's store by PostgreSQL. */
export async function knockOnDatabase(
  from: string,
  own: StoreLocation,
  to: string,
  other: StoreLocation,
): Promise<Attempt> {
  const client = new pg.Client({
    host: own.host,
    port: own.port,
    user: own.username,
    password: own.password,
    database: other.database,
  });
  client.on('error', () => undefined);
  try {
    await client.connect();
    await client.query(`select * from "${other.schema ?? 'ledger'}".organization`);
    return { what: `${from}'s login at ${to}'s store`, answer: 'let in', refused: false };
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return {
      what: `${from}'s login at ${to}'s store`,
      answer: `PostgreSQL ${code}: ${hideIds(message)}`,
      refused: code === '42501',
    };
  } finally {
    await client.end().catch(() => undefined);
  }
}

export async function storeOf(tenantsUrl: string, apiKey: string, tenantId: string): Promise<StoreLocation> {
  const reply = await expectOk('GET', `${tenantsUrl}/v1/tenants/${tenantId}/associations/ledger/connections`, {
    apiKey,
  });
  return reply.body.databases.onboarding.postgresql;
}

function hideIds(message: string): string {
  return message.replace(/t_[0-9a-f]{32}/g, (name) => `${name.slice(0, 6)}…`);
}
