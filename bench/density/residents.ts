import { type Books, buildBooks } from '../stage/books.js';
import { inParallel } from '../stage/call.js';
import { createTenant } from '../stage/tenants.js';
import type { Ground } from './ground.js';

export interface Provisioned {
  /** Each with books, in the order of creation; every other one is isolated by schema. */
  readonly residents: readonly Books[];
  /** Milliseconds of a creation on an idle server, one at a time. */
  readonly alone: { readonly database: readonly number[]; readonly schema: readonly number[] };
  /** Of all, four at a time, books included. */
  readonly seconds: number;
}

const accountsEach = 4;
const timedAlone = 15;

/** Makes the tenants through the API: some one at a time, with a clock, the others as fast as the machine allows. */
export async function provision(ground: Ground, tenants: number, say: (text: string) => void): Promise<Provisioned> {
  const alone = { database: [] as number[], schema: [] as number[] };
  const isolationOf = (i: number) => (i % 2 === 0 ? 'database' : 'schema');
  const startedAt = performance.now();
  const places: Awaited<ReturnType<typeof createTenant>>[] = [];
  for (let i = 0; i < Math.min(2 * timedAlone, tenants); i += 1) {
    const isolation = isolationOf(i);
    const place = await createTenant(ground.server, ground.apiKey, `tenant ${i}`, isolation);
    alone[isolation].push(place.createdMs);
    places.push(place);
  }
  let made = 0;
  const numbers = Array.from({ length: tenants }, (_, i) => i);
  const residents = await inParallel(numbers, 4, async (i) => {
    const place = places[i] ?? (await createTenant(ground.server, ground.apiKey, `tenant ${i}`, isolationOf(i)));
    const books = await buildBooks(ground.server.urls.ledger, place, accountsEach);
    made += 1;
    if (made % 10 === 0) say(`tenants ${made} of ${tenants}`);
    return books;
  });
  // The first are of a server that had to warm up.
  const warm = { database: alone.database.slice(2), schema: alone.schema.slice(2) };
  return { residents, alone: warm, seconds: (performance.now() - startedAt) / 1000 };
}
