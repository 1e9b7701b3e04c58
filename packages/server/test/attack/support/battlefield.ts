import { canonicalTenantId } from '@cofferdam/core';
import { createVault } from '../../../src/tenancy/credentials.js';
import { createBooks } from '../../isolation/support/books.js';
import { signWith, stealSigningKey, takeApart } from '../../isolation/support/real-key.js';
import { join, openWorld, type Resident, type World } from '../../isolation/support/world.js';
import { asAdmin } from '../../support/admin.js';
import type { TestServer } from '../../support/server.js';

/** A tenant with everything that an answer to somebody else may never hold. */
export interface Party extends Resident {
  /** Of its owner, with all rights in Identity. */
  readonly ownerToken: string;
  readonly refreshToken: string;
  readonly loginClientId: string;
  /** Ids of its users, groups and applications in Identity. */
  readonly directoryIds: readonly string[];
  /** A cursor from each of its own lists. */
  readonly cursors: readonly string[];
  readonly idempotencyKeys: readonly string[];
  /** Words that give it away: markers, ids, names of its places, credentials. */
  readonly secrets: readonly string[];
}

export interface Battlefield {
  readonly world: World;
  /** Send the hostile requests; one by database, one by schema. */
  readonly attackers: readonly Party[];
  /** Do nothing at all; one by database, one by schema. */
  readonly victims: readonly Party[];
  /** A tenant whose requests reach the first victim's store: the leak that the run must find. */
  readonly crossed: Party;
  readonly key: Awaited<ReturnType<typeof stealSigningKey>>;
  readonly jwk: Readonly<Record<string, string>>;
}

export async function openBattlefield(): Promise<Battlefield> {
  const world = await openWorld(['database', 'schema', 'database', 'schema']);
  try {
    const { server } = world;
    const key = await stealSigningKey(server);
    const parties = await Promise.all(world.residents.map((resident) => arm(server, resident, key)));
    const [a, b, c, d] = parties as [Party, Party, Party, Party];
    const member = await join(server, 'database', 'X');
    const crossed = await arm(server, { ...member, books: await createBooks(member.client) }, key);
    await crossStores(server, crossed, c);
    const { body } = await server.access('GET', '/.well-known/jwks.json');
    return { world, attackers: [a, b], victims: [c, d], crossed, key, jwk: body.keys[0] };
  } catch (error) {
    await world.stop();
    throw error;
  }
}

/** The same token, good for as long as the longest run may take. */
export function prolonged(key: Battlefield['key'], token: string): Promise<string> {
  const { claims } = takeApart(token);
  return signWith(key, { ...claims, exp: Math.floor(Date.now() / 1_000) + 6 * 3_600 });
}

async function arm(server: TestServer, resident: Resident, key: Battlefield['key']): Promise<Party> {
  const { tenant, books, store, client } = resident;
  const { body: shown } = await server.operate('GET', `/v1/tenants/${tenant.id}`);
  const loginClientId = shown.owner.clientId as string;
  const login = await server.access('POST', '/v1/login/oauth/access_token', {
    body: {
      grantType: 'password',
      username: tenant.owner.email,
      password: tenant.owner.password,
      clientId: loginClientId,
    },
  });
  if (login.status !== 200) throw new Error(`the owner cannot log in: ${login.text}`);
  const ownerToken = login.body.accessToken as string;
  const directoryIds: string[] = [];
  for (const kind of ['users', 'groups', 'applications']) {
    const { body } = await server.access('GET', `/v1/${kind}?limit=100`, { token: ownerToken });
    for (const { id } of body.items ?? body) directoryIds.push(id);
  }
  const cursors: string[] = [];
  const idempotencyKeys: string[] = [];
  for (const list of [`${books.path}/transactions`, `${books.path}/accounts/${books.ids.account}/operations`]) {
    for (let more = 0; more < 2; more += 1) {
      const key = `key-${books.marker}-${list.length}-${more}`;
      const code = books.ids.assetCode;
      const to = [{ accountAlias: books.otherAlias, amount: { asset: code, value: '1' } }];
      await client(
        'POST',
        `${books.path}/transactions/inflow`,
        { description: books.marker, send: { asset: code, value: '1', distribute: { to } } },
        { headers: { 'x-idempotency': key } },
      );
      idempotencyKeys.push(key);
    }
    const { body } = await client('GET', `${list}?limit=1`);
    if (typeof body.next_cursor === 'string') cursors.push(body.next_cursor);
  }
  const { alias, assetCode, ...ids } = books.ids;
  const place = [
    store.username,
    store.password,
    ...(tenant.isolation === 'schema' ? [store.schema] : [store.database]),
  ];
  return {
    ...resident,
    token: await prolonged(key, resident.token),
    ownerToken: await prolonged(key, ownerToken),
    refreshToken: login.body.refreshToken,
    loginClientId,
    directoryIds,
    cursors,
    idempotencyKeys,
    secrets: [
      books.marker,
      alias,
      assetCode,
      ...Object.values(ids),
      tenant.id,
      tenant.slug,
      tenant.clientSecret,
      ...directoryIds,
      ...place,
    ],
  };
}

/**
 * The routing of one tenant led astray on purpose, as a defect in the resolver or the pools would: its row in the control
 * database names the store and the credential of another. No line of the program knows of it.
 */
async function crossStores({ names, environment }: TestServer, astray: Party, into: Party): Promise<void> {
  const vault = createVault([Buffer.from(environment['COFFERDAM_ENCRYPTION_KEY'] as string, 'base64')]);
  const id = canonicalTenantId(astray.tenant.id);
  if (id === undefined) throw new Error('no tenant id');
  const sealed = vault.seal(id, 'runtime-login', into.store.password);
  await asAdmin(async (admin) => {
    await admin.query('set search_path = control');
    // The names are unique: the other tenant's stay its own, so the one astray is given a second name of the same login.
    await admin.query('alter table placement drop constraint placement_runtime_login_key');
    await admin.query(
      `with bump as (update change_feed set counter = counter + 1 returning counter),
            moved as (update placement set database_name = $2, schema_name = $3, runtime_login = $4, runtime_credential = $5,
                             config_version = (select counter from bump) where tenant_id = $1)
       update tenant set version = (select counter from bump) where id = $1`,
      [id, into.store.database, into.store.schema, into.store.username, sealed],
    );
  }, names.controlDatabase);
  await waitForCrossing(astray, into);
}

async function waitForCrossing(astray: Party, into: Party): Promise<void> {
  for (const deadline = Date.now() + 60_000; Date.now() < deadline; ) {
    const { text } = await astray.client('GET', '/v1/organizations');
    if (text.includes(into.books.marker)) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  throw new Error('the crossing did not come about');
}

export const claimsOf = ({ token }: Pick<Party, 'token'>) => takeApart(token).claims;
