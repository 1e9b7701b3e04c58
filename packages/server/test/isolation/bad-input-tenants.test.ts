import { afterAll, beforeAll, expect, test } from 'vitest';
import { isWriting, type LedgerRoute, nameOf, pathOf, routeTable } from './support/route-table.js';
import { digest, openWorld, type Resident, type World } from './support/world.js';

/** What bad-input.test.ts tries at length in single-tenant mode, in short under the login of a tenant of each isolation. */
let world: World;
beforeAll(async () => {
  world = await openWorld(['database', 'schema']);
});
afterAll(() => world?.stop());

const withBody = routeTable().filter(
  (route) => isWriting(route) && route.body !== undefined && (route.bodyType ?? 'json') === 'json',
);

const deep = (depth: number) => `${'{"a":'.repeat(depth)}1${'}'.repeat(depth)}`;

/** Texts that no route takes, and the route's own example made wrong. */
function badBodies(route: LedgerRoute): string[] {
  const example = route.requestExample as Record<string, unknown>;
  const [first = 'x', value] = Object.entries(example)[0] ?? [];
  return [
    '',
    '{"name":',
    '[]',
    'null',
    `{"${first}":${JSON.stringify(value ?? null)},"${first}":1}`,
    deep(50_000),
    '{"__proto__":{"admin":true}}',
    JSON.stringify({ ...example, noSuchMember: 1 }),
    JSON.stringify({ ...example, tenantId: world.residents[1]?.tenant.id }),
    JSON.stringify({ ...example, metadata: { key: { deeper: 1 } } }),
    JSON.stringify({ ...example, [first]: { not: ['this'] } }),
    JSON.stringify({ ...example, [first]: 'a\0b' }),
  ];
}

const stores = (residents: readonly Resident[]) => Promise.all(residents.map((resident) => digest(resident)));

test('bad bodies: refused alike in both isolations, in 4xx with a code and no word of the inside, and no store has changed', async () => {
  const before = await stores(world.residents);
  for (const route of withBody)
    for (const body of badBodies(route)) {
      const answers = [];
      for (const { client, books } of world.residents) {
        const { status, body: problem, text } = await client(route.method, pathOf(route, books.ids), body);
        const told = `${nameOf(route)} ${body.slice(0, 80)} → ${status} ${text.slice(0, 300)}`;
        expect(status, told).toBeGreaterThanOrEqual(400);
        expect(status, told).toBeLessThan(500);
        expect(text, told).not.toMatch(/select |insert |pg_|node_modules|\.ts:|t_[0-9a-f]{32}/i);
        answers.push({ status, code: problem?.code, errors: problem?.errors });
      }
      expect(answers[0]?.code, nameOf(route)).toMatch(/^(CRM-)?\d{4}$/);
      expect(answers[1], `${nameOf(route)} ${body.slice(0, 80)}`).toEqual(answers[0]);
    }
  expect(await stores(world.residents)).toEqual(before);
});
