import { afterAll, beforeAll, expect, test } from 'vitest';
import { runSeed, seeded } from '../isolation/support/seeded.js';
import { startTestServer, type TestServer } from '../support/server.js';
import { type Books, createBooks } from './support/books.js';
import { type Json, type Operation, operations, type Response } from './support/document.js';
import { createWalk } from './support/walk.js';

/** The long form: `npm run test:walk -- --rounds 200`. */
const rounds = Number(process.env['WALK_ROUNDS'] ?? 1);
const only = process.env['WALK_ONLY'];
const seed = runSeed();
const soundCalls = rounds;
const mutatedCalls = 4 * rounds;

let server: TestServer;
let books: Books;
beforeAll(async () => {
  console.log(`walk of the OpenAPI document: TEST_SEED=${seed}, rounds ${rounds}`);
  server = await startTestServer();
  books = await createBooks(server);
});
afterAll(() => server.stop());

test('a lie in the document is noticed', async () => {
  const walk = createWalk(books, seeded(seed));
  const operation = operations.find(({ operationId }) => operationId === 'createPortfolio') as Operation;
  expect(await walk.sound(operation)).toBeUndefined();
  const { '201': created, ...refusals } = operation.responses as Record<string, Response>;
  const answers = (schema: Json, headers = {}) => ({
    ...operation,
    responses: { ...refusals, 201: { ...created, headers, content: { 'application/json': { schema } } } as Response },
  });
  const named = (name: string) => ({ type: 'object', required: [name], properties: { [name]: {} } });
  expect(await walk.sound({ ...operation, responses: refusals })).toContain('201 is not documented');
  expect(await walk.sound(answers(named('colour')))).toContain("must have required property 'colour'");
  expect(await walk.sound(answers({ ...named('id'), additionalProperties: false }))).toContain('additional properties');
  expect(await walk.sound(answers(named('id'), { 'X-Colour': {} }))).toContain('X-Colour is missing');
});

const chosen = operations.filter(({ operationId }) => only === undefined || operationId === only);

test.each(chosen.map((operation) => [operation.operationId, operation] as const))(
  '%s answers as documented',
  async (_, operation) => {
    // A seed of its own, so that one operation alone (WALK_ONLY) is walked as among all.
    const walk = createWalk(books, seeded(seed + 1_000 * operations.indexOf(operation)));
    const faults: string[] = [];
    for (let count = 0; count < soundCalls; count++) faults.push(...[(await walk.sound(operation)) ?? []].flat());
    for (let count = 0; count < mutatedCalls; count++) faults.push(...[(await walk.mutated(operation)) ?? []].flat());
    expect(faults.slice(0, 5), `TEST_SEED=${seed}: ${faults.length} answers are not as documented`).toEqual([]);
  },
  60_000 + rounds * 5_000,
);
