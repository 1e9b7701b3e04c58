import { afterAll, beforeAll, expect, test } from 'vitest';
import { openSeparate, type Place } from './places.js';
import { runRounds } from './rounds.js';

/** The short form of `npm run test:crash`. Its bound is wider: here another test works on the same machine. */
let place: Place;
beforeAll(async () => {
  place = await openSeparate();
}, 180_000);
afterAll(() => place.remove());

test('killed under load, everything acknowledged is there once and nothing else', async () => {
  const results = await runRounds(place, { victims: ['backend', 'both', 'server'], servingMsMax: 30_000 });
  expect(results).toHaveLength(3);
  // Something was under way each time, or the round has shown nothing.
  for (const { acknowledged } of results) expect(acknowledged).toBeGreaterThan(20);
}, 240_000);
