import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Books, newPoster, openBooks, transfer } from './books.js';

let [busy, quiet]: Books[] = [];
beforeAll(async () => {
  [busy, quiet] = [await openBooks(), await openBooks()];
  for (const books of [busy, quiet]) {
    await books?.addAccount('@a', { available: '1000000' });
    await books?.addAccount('@b');
  }
});
afterAll(async () => {
  for (const books of [busy, quiet]) await books?.store.drop();
});

test('a tenant with a full queue does not hold up another tenant of the same process', async () => {
  const [loud, lone] = [busy as Books, quiet as Books];
  const poster = newPoster({ limits: { batchMax: 100 } });
  let done = 0;
  const flood = Promise.all(
    Array.from({ length: 2_000 }, async () => {
      await poster.post(loud.store.tenant, transfer(loud, '1', [['@a', '1']], [['@b', '1']]));
      done += 1;
    }),
  );
  await poster.post(lone.store.tenant, transfer(lone, '1', [['@a', '1']], [['@b', '1']]));
  // It waits for its own batch, beside a few of the other's, and not for all twenty of them.
  expect(done).toBeLessThan(1_000);
  await flood;
  expect(await loud.balance('@b')).toMatchObject({ available: '2000' });
});
