import { afterAll, beforeAll, expect, test } from 'vitest';
import { runSeed } from '../isolation/support/seeded.js';
import { digest } from '../isolation/support/world.js';
import { type Battlefield, openBattlefield } from './support/battlefield.js';
import type { Family } from './support/hostile.js';
import { allFamilies, type Leak, runAttack } from './support/run-attack.js';

/** The long form: `npm run test:attack -- --requests 1000000`. */
const requests = Number(process.env['ATTACK_REQUESTS'] ?? 3_000);
const familyMin = Math.floor(Number(process.env['ATTACK_FAMILY_MIN'] ?? requests / 50));
const seed = runSeed();

let field: Battlefield;
let families: readonly Family[];
beforeAll(async () => {
  field = await openBattlefield();
  families = await allFamilies(field);
});
afterAll(() => field?.world.stop());

test(`${requests} hostile requests: no tenant sees anything of another, and nothing of a victim changes`, {
  timeout: 120_000 + requests * 20,
}, async () => {
  const before = await Promise.all(field.victims.map(digest));
  const directory = await victimsDirectory();
  const report = await runAttack(field, families, field.attackers, { requests, familyMin, seed, onProgress: say });
  const { leaks, unexpected, byFamily, byStatus, sent, seconds } = report;
  if (requests > 10_000) console.log(JSON.stringify({ seed, sent, seconds, byFamily, byStatus }, undefined, 2));
  expect(leaks.slice(0, 20).map(inShort), `seed ${seed}`).toEqual([]);
  expect([...new Set(unexpected.map(inShort))], `seed ${seed}`).toEqual([]);
  expect(sent).toBeGreaterThanOrEqual(requests);
  for (const { threat } of families) expect(byFamily[threat], threat).toBeGreaterThanOrEqual(familyMin);
  // A client could hide behind a server that ends every connection.
  expect(byStatus[0] ?? 0).toBe(0);
  expect(await Promise.all(field.victims.map(digest))).toEqual(before);
  expect(await victimsDirectory()).toEqual(directory);
});

test('the same run finds a leak: one tenant whose store has been crossed with a victim’s', {
  timeout: 180_000,
}, async () => {
  const report = await runAttack(field, families, [...field.attackers, field.crossed], {
    requests: Math.min(requests, 4_000),
    familyMin: Math.floor(Math.min(requests, 4_000) / 50),
    seed,
  });
  const finders = new Set(report.leaks.map(({ threat }) => threat));
  // These two find it in any run; which others do is a matter of the seed.
  expect([...finders], `seed ${seed}`).toEqual(expect.arrayContaining(['X-08', 'X-19']));
  expect(finders.size).toBeGreaterThanOrEqual(4);
  // It is found at the tenant astray alone.
  for (const { request } of report.leaks) expect(request).toContain(field.crossed.token);
});

const inShort = ({ threat, request, answer, found }: Leak) =>
  `${threat}: ${found}: ${request.slice(0, 200)} → ${answer.slice(0, 200)}`;

/** What the victims' owners see of their directory. */
async function victimsDirectory(): Promise<unknown> {
  const { server } = field.world;
  return Promise.all(
    field.victims.flatMap(({ ownerToken: token }) =>
      ['users', 'groups', 'applications'].map(
        async (kind) => (await server.access('GET', `/v1/${kind}?limit=100`, { token })).body,
      ),
    ),
  );
}

function say(done: number, total: number): void {
  if (requests > 10_000) process.stderr.write(`${done} of ${total}\n`);
}
