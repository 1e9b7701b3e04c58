import type { Ids } from '../../isolation/support/route-table.js';
import { type Battlefield, type Party, prolonged } from './battlefield.js';
import type { Hostile, Random } from './hostile.js';

/** Texts that would be SQL in a statement that is glued together. */
export const injections = [
  "' or '1'='1",
  "'; select * from pg_database; --",
  "') union select legal_name from organization --",
  '1; set search_path = public',
  '$$; reset role; $$',
  "\\'; drop schema ledger cascade; --",
  '"; set role postgres; --',
  "x' || pg_sleep(0) || 'x",
  '%27%20or%201=1',
  '*/ or 1=1 /*',
] as const;

/** What names a tenant without being a token. */
export function hintsOf(random: Random, { tenant, store, books, token }: Party) {
  const name = random.pick([
    tenant.id,
    tenant.slug,
    store.schema,
    store.database,
    books.ids.organization,
    'default',
    '*',
  ]);
  const header = random.pick([
    'X-Tenant-ID',
    'X-TenantId',
    'tenantId',
    'tenant',
    'md-tenant-id',
    'ce-tenantid',
    'X-Schema',
    'X-Database',
    'X-Organization-Id',
    'X-Forwarded-Host',
    'X-Forwarded-Prefix',
    'X-Original-Host',
    'X-Api-Key',
    'X-Auth-Request-User',
  ]);
  const query = random.pick([
    'tenantId',
    'tenant_id',
    'tenant',
    'schema',
    'database',
    'search_path',
    'owner',
    'access_token',
  ]);
  return {
    name,
    headers: [
      `${header}: ${name}`,
      ...(random.next() < 0.3 ? [`Baggage: tenant.id=${name}`] : []),
      ...(random.next() < 0.3 ? [`Cookie: tenantId=${name}; access_token=${token}`] : []),
      ...(random.next() < 0.2 ? [`Host: ${tenant.slug}.ledger.example`] : []),
    ],
    query: `${query}=${encodeURIComponent(name)}`,
  };
}

/** A request to the ledger with the caller's own token. */
export const ledger = (
  caller: Party,
  method: string,
  path: string,
  expected: readonly number[],
  more: Partial<Hostile> = {},
): Hostile => ({ listener: 'ledger', method, path, token: caller.token, expected, ...more });

/** Reads of its own that succeed must show its own: a crossing would show another's. */
export const ownMarker =
  ({ books }: Party) =>
  (status: number, body: string) =>
    status === 200 && !body.includes(books.marker) ? 'its own books are not there' : undefined;

/** A mixture of ids: the victim's where it hurts, the caller's own for the rest. */
export function mixed(random: Random, own: Ids, foreign: Ids): Ids {
  const entries = Object.entries(foreign).map(([kind, id]) => [
    kind,
    random.next() < 0.5 ? id : own[kind as keyof Ids],
  ]);
  const swapped = Object.fromEntries(entries) as unknown as Ids;
  return { ...swapped, organization: random.next() < 0.3 ? own.organization : foreign.organization };
}

/** For each attacker the token of an application that may only read. */
export async function openViewers({ attackers, world, key }: Battlefield): Promise<ReadonlyMap<Party, string>> {
  const viewers = new Map<Party, string>();
  for (const party of attackers) {
    const made = await world.server.access('POST', '/v1/applications', {
      token: party.ownerToken,
      body: { name: 'midaz', description: 'a reader', role: 'viewer' },
    });
    const { clientId, clientSecret } = made.body;
    const login = { grantType: 'client_credentials', clientId, clientSecret };
    const answer = await world.server.access('POST', '/v1/login/oauth/access_token', { body: login });
    if (answer.status !== 200) throw new Error(`no viewer: ${made.text} ${answer.text}`);
    viewers.set(party, await prolonged(key, answer.body.accessToken));
  }
  return viewers;
}

/** What an id of nothing answers, by route: the victims' ids must answer the same (X-21). */
export function createComparison() {
  const answers = new Map<string, string>();
  return (key: string, sent: readonly string[]) => (status: number, body: string) => {
    const plain = sent.reduce((text, id) => text.replaceAll(id, '<id>'), body);
    const seen = `${status} ${plain.replace(/"(trace_id|requestId|request_id)":"[^"]*"/g, '')}`;
    const first = answers.get(key);
    if (first === undefined) answers.set(key, seen);
    return first === undefined || first === seen ? undefined : `told apart: ${first} / ${seen}`;
  };
}
