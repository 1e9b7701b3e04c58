import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Reply } from '../support/server.js';
import { missingLike } from './support/books.js';
import { pathOf, routeTable } from './support/route-table.js';
import { meetings, openWorld, type Resident, type World } from './support/world.js';

let world: World;
beforeAll(async () => {
  world = await openWorld();
});
afterAll(() => world.stop());

const median = (times: readonly number[]) => [...times].sort((a, b) => a - b)[times.length >> 1] as number;

/** Median milliseconds of each, taken in turns, so that a busy machine is busy for both. */
async function inTurns(turns: number, ...works: (() => Promise<unknown>)[]): Promise<number[]> {
  const times = works.map(() => [] as number[]);
  for (let turn = 0; turn < turns; turn += 1)
    for (const [at, work] of works.entries()) {
      const start = performance.now();
      await work();
      times[at]?.push(performance.now() - start);
    }
  return times.map(median);
}

/** Generous: an oracle over a network needs more, and a shared machine jitters. */
const alike = ([one, other]: number[]) => {
  const [low, high] = [Math.min(one as number, other as number), Math.max(one as number, other as number)];
  expect(high - low < 10 || high / low < 3, `${one} ms and ${other} ms`).toBe(true);
};

describe('X-21: existence oracles', () => {
  test.each(['getOrganization', 'getAccount', 'getTransaction', 'getAccountByAlias', 'deleteAccount', 'updateAccount'])(
    '%s: a neighbour’s id takes as long as one of nothing',
    async (operationId) => {
      const route = routeTable().find((one) => one.operationId === operationId);
      if (route === undefined) throw new Error(`there is no route ${operationId}`);
      for (const [caller, neighbour] of [meetings(world.residents)[0], meetings(world.residents)[1]] as [
        Resident,
        Resident,
      ][]) {
        const ask = (ids: Resident['books']['ids']) => () =>
          caller.client(
            route.method,
            pathOf(route, {
              ...ids,
              organization: caller.books.ids.organization,
              ledger: caller.books.ids.ledger,
              ...(operationId === 'getOrganization' ? { organization: ids.organization } : {}),
            }),
            route.body && route.requestExample,
          );
        const missing = missingLike(neighbour.books.ids);
        await inTurns(5, ask(neighbour.books.ids), ask(missing));
        alike(await inTurns(40, ask(neighbour.books.ids), ask(missing)));
      }
    },
  );

  test('names, aliases, codes and keys taken by a neighbour are free', async () => {
    for (const [caller, neighbour] of meetings(world.residents)) {
      const { ids, marker } = neighbour.books;
      const { path, organizationPath } = caller.books;
      const made = [
        await caller.client('POST', `${organizationPath}/ledgers`, { name: marker }),
        await caller.client('POST', `${path}/assets`, { name: marker, type: 'others', code: ids.assetCode }),
        await caller.client('POST', `${path}/segments`, { name: marker }),
        await caller.client('POST', `${path}/account-types`, { name: marker, keyValue: marker }),
        await caller.client('POST', `${path}/accounts`, {
          assetCode: ids.assetCode,
          type: 'deposit',
          alias: ids.alias,
        }),
      ];
      expect(made.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
    }
  });

  const login = (body: object) => world.server.access('POST', '/v1/login/oauth/access_token', { body });
  const seen = ({ status, text, headers }: Reply) => ({
    status,
    text,
    type: headers.get('content-type'),
    challenge: headers.get('www-authenticate'),
  });

  test('client credentials: unknown client, wrong secret and another tenant’s secret answer alike', async () => {
    const [a, b] = world.residents as [Resident, Resident];
    const of = (clientId: string, clientSecret: string) =>
      login({ grantType: 'client_credentials', clientId, clientSecret });
    const wrong = 'A'.repeat(a.tenant.clientSecret.length);
    const answers = [
      await of(a.tenant.clientId, wrong),
      await of('f'.repeat(a.tenant.clientId.length), wrong),
      await of(a.tenant.clientId, b.tenant.clientSecret),
      await of(b.tenant.clientId, a.tenant.clientSecret),
    ].map(seen);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]?.status).toBe(401);
    alike(
      await inTurns(
        3,
        () => of(a.tenant.clientId, wrong),
        () => of('e'.repeat(a.tenant.clientId.length), wrong),
      ),
    );
  });

  test('passwords: unknown user, wrong password and a user of another tenant answer alike, in body and time', async () => {
    const [, , c, d] = world.residents as [Resident, Resident, Resident, Resident];
    const of = (username: string, password: string, clientId: string) =>
      login({ grantType: 'password', username, password, clientId });
    const answers = [
      await of(c.tenant.owner.email, 'Wrong-password-1', c.tenant.clientId),
      await of('nobody@example.com', 'Wrong-password-1', c.tenant.clientId),
      await of('nobody@example.com', c.tenant.owner.password, 'f'.repeat(c.tenant.clientId.length)),
    ].map(seen);
    for (const answer of answers) expect(answer).toEqual(answers[0]);
    expect(answers[0]?.status).toBe(401);
    // A password hash takes its time whether there is a user or not.
    alike(
      await inTurns(
        3,
        () => of(d.tenant.owner.email, 'Wrong-password-1', d.tenant.clientId),
        () => of('nobody@example.com', 'Wrong-password-1', d.tenant.clientId),
      ),
    );
  });
});
