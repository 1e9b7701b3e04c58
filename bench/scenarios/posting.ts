import { hotTransfers, randomTransfers, wideTransfers } from '../load/requests.js';
import type { Books } from '../stage/books.js';
import { postScenario } from './post-scenario.js';

const entriesPerBatch = 200;
const legsPerSide = 10;

const ours = { server: (stage: { readonly ours: unknown }) => stage.ours as never, connections: 100 } as const;
const main = { books: (stage: { readonly books: Books }) => [stage.books] } as const;

export const randomAccounts = postScenario({
  ...ours,
  ...main,
  name: 'random',
  title: 'ours, random accounts, 100 connections',
  makeBody: randomTransfers,
});

export const hotAccount = postScenario({
  ...ours,
  ...main,
  name: 'hot',
  title: 'ours, one hot account, 100 connections',
  makeBody: hotTransfers,
});

export const manyToMany = postScenario({
  ...ours,
  ...main,
  name: 'manyToMany',
  title: `ours, ${legsPerSide} to ${legsPerSide} accounts, 100 connections`,
  makeBody: (books) => wideTransfers(books, legsPerSide),
  prepared: 500,
  operations: 2 * legsPerSide,
});

export const batchOf200 = postScenario({
  ...ours,
  ...main,
  name: 'batch',
  title: `ours, ${entriesPerBatch} to a request, 8 connections`,
  // Enough for two full batches under way and a third to come.
  connections: 8,
  route: 'batch',
  makeBody: (books) => {
    const make = randomTransfers(books);
    return () => ({ transactions: Array.from({ length: entriesPerBatch }, make) });
  },
  prepared: 20,
  weight: entriesPerBatch,
});

export const withoutAuth = postScenario({
  name: 'withoutAuth',
  title: 'ours, single-tenant without tokens, 100 connections',
  server: (stage) => stage.plain,
  books: (stage) => [stage.plainBooks],
  connections: 100,
  makeBody: randomTransfers,
});
