import { afterAll, beforeAll, expect, test } from 'vitest';
import { ownerPassword, startTestServer, type TestServer } from '../support/server.js';

let server: TestServer;
beforeAll(async () => {
  server = await startTestServer({ MULTI_TENANT_ENABLED: 'true' });
});
afterAll(() => server.stop());

test('an owner whose tenant has no application logs in with the client id that the Tenant Manager answered', async () => {
  const owner = { email: 'only-owner@example.com', password: ownerPassword };
  const { status, body } = await server.operate('POST', '/v1/tenants', { body: { name: 'No app', owner } });
  expect(status).toBe(201);
  expect(body.application).toBeUndefined();
  server.removeAtEnd(body.id);
  const login = {
    grantType: 'password',
    username: owner.email,
    password: owner.password,
    clientId: body.owner.clientId,
  };
  const answer = await server.access('POST', '/v1/login/oauth/access_token', { body: login });
  expect(answer.status, answer.text).toBe(200);
  const made = await server.call('POST', '/v1/organizations', {
    token: answer.body.accessToken,
    body: { legalName: 'Mine', legalDocument: '1' },
  });
  expect(made.status).toBe(201);
});

test('two customers of one name get a slug each; the same request again finds the same tenant', async () => {
  const create = (email: string) =>
    server.operate('POST', '/v1/tenants', { body: { name: 'Same Name', owner: { email, password: ownerPassword } } });
  const first = await create('a@example.com');
  const second = await create('b@example.com');
  const again = await create('b@example.com');
  for (const { body } of [first, second]) server.removeAtEnd(body.id);
  expect([first.status, second.status, again.status]).toEqual([201, 201, 200]);
  expect(second.body.slug).not.toBe(first.body.slug);
  expect(again.body.id).toBe(second.body.id);
});
