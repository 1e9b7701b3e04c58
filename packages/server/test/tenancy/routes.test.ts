import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { Registry } from 'prom-client';
import { v7 as uuidv7 } from 'uuid';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createListener, registerRoutes } from '../../src/http/listener.js';
import {
  createOperatorAdmission,
  metricsRoute,
  renderTenancyError,
  tenantRoutes,
} from '../../src/tenancy/routes/index.js';
import { createTenantsClient, TenantsClientError } from '../../src/tenancy/tenants-client.js';
import { createInstallation, type Installation } from './support/installation.js';

const apiKey = 'an-operator-key-for-tests';
let installation: Installation;
let app: FastifyInstance;
let baseUrl: string;

beforeAll(async () => {
  const metrics = new Registry();
  installation = await createInstallation({ retentionDays: 0, metrics });
  await installation.manager.start();
  app = createListener({
    name: 'tenants',
    logger: pino({ level: 'silent' }),
    newRequestId: uuidv7,
    renderError: renderTenancyError,
  });
  registerRoutes(app, [...tenantRoutes(installation.manager), metricsRoute(metrics)], createOperatorAdmission(apiKey));
  baseUrl = await app.listen({ host: '127.0.0.1', port: 0 });
});
afterAll(async () => {
  await app.close();
  await installation.remove();
});

async function call(
  method: string,
  url: string,
  body?: unknown,
  headers: Record<string, string> = { 'x-api-key': apiKey },
) {
  const answer = await app.inject({
    method: method as 'GET',
    url,
    headers: { ...headers, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
    ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
  });
  return { status: answer.statusCode, body: answer.body === '' ? undefined : answer.json() };
}

const owner = { email: 'owner@acme.example', password: 'Correct-Horse-42' };
const acme = {
  name: 'Acme Ltda.',
  slug: 'acme',
  isolation: 'schema',
  metadata: { region: 'south', tier: 1 },
  owner,
  application: { name: 'backend', role: 'editor' },
};

describe('the life of a tenant over the API (contract, "Creating a tenant")', () => {
  let id: string;

  test('201 and active, with the secret; the same again is 200 without it; a clash is 409', async () => {
    const created = await call('POST', '/v1/tenants', acme);
    expect(created.status).toBe(201);
    expect(created.body).toMatchObject({
      id: expect.stringMatching(/^[0-9a-f]{32}$/),
      slug: 'acme',
      name: 'Acme Ltda.',
      status: 'active',
      isolation: 'schema',
      metadata: { region: 'south', tier: 1 },
      application: { id: expect.any(String), clientId: expect.any(String), clientSecret: expect.any(String) },
    });
    id = created.body.id;
    const again = await call('POST', '/v1/tenants', acme);
    expect(again.status).toBe(200);
    expect(again.body).toMatchObject({ id, status: 'active' });
    expect(again.body.application).toEqual({
      id: created.body.application.id,
      clientId: created.body.application.clientId,
    });
    expect(await call('POST', '/v1/tenants', { ...acme, name: 'Other' })).toMatchObject({
      status: 409,
      body: { code: 'TEN-0101' },
    });
  });

  test('get by either form of the id, list, active', async () => {
    const dashed = id.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5').toUpperCase();
    expect(await call('GET', `/v1/tenants/${dashed}`)).toMatchObject({
      status: 200,
      body: { id, metadata: { tier: 1 } },
    });
    await call('POST', '/v1/tenants', { name: 'Second', owner });
    await call('POST', '/v1/tenants', { name: 'Third', owner });
    const first = await call('GET', '/v1/tenants?limit=2');
    expect(first.body).toMatchObject({ items: [{ slug: 'acme' }, { slug: 'second' }], limit: 2 });
    const second = await call('GET', `/v1/tenants?limit=2&cursor=${first.body.next_cursor}`);
    expect(second.body.items).toMatchObject([{ slug: 'third' }]);
    expect(second.body.next_cursor).toBeUndefined();
    expect((await call('GET', '/v1/tenants?status=suspended')).body.items).toEqual([]);
    const active = await call('GET', '/v1/tenants/active?service=ledger');
    expect(active.body.map((tenant: { name: string }) => tenant.name)).toEqual(['Acme Ltda.', 'Second', 'Third']);
  });

  test('the ledger association: connections, 409 when made again, suspend and reactivate', async () => {
    const base = `/v1/tenants/${id}/associations/ledger`;
    const { body } = await call('GET', `${base}/connections`);
    expect(body).toMatchObject({
      id,
      tenantSlug: 'acme',
      service: 'ledger',
      status: 'active',
      isolationMode: 'schema',
    });
    expect(Object.keys(body.databases)).toEqual(['onboarding', 'transaction']);
    expect(body.databases.onboarding).toEqual(body.databases.transaction);
    expect(body.databases.onboarding.postgresql).toMatchObject({ username: `t_${id}`, schema: `t_${id}` });
    expect(await call('GET', `${base}/connections`, undefined, {})).toMatchObject({ status: 401 });
    expect(await call('POST', base, { isolationMode: 'schema' })).toMatchObject({
      status: 409,
      body: { code: 'TEN-0111' },
    });
    expect(await call('PUT', `${base}/suspend`)).toMatchObject({
      status: 200,
      body: { serviceName: 'ledger', status: 'suspended' },
    });
    expect(await call('PUT', `${base}/suspend`)).toMatchObject({ status: 409 });
    expect(await call('GET', `${base}/connections`)).toMatchObject({
      status: 403,
      body: { code: 'TEN-0112', status: 'suspended' },
    });
    expect(await call('PUT', `${base}/reactivate`)).toMatchObject({ status: 200, body: { status: 'active' } });
    expect(await call('POST', `/v1/tenants/${id}/associations/tracer`, {})).toMatchObject({
      status: 404,
      body: { code: 'TEN-0110' },
    });
  });

  test('suspend, reactivate, delete', async () => {
    expect(await call('DELETE', `/v1/tenants/${id}`)).toMatchObject({
      status: 409,
      body: { code: 'TEN-0102', status: 'active' },
    });
    expect(await call('PUT', `/v1/tenants/${id}/suspend`)).toMatchObject({
      status: 200,
      body: { status: 'suspended' },
    });
    expect(await call('PUT', `/v1/tenants/${id}/suspend`)).toMatchObject({ status: 409, body: { code: 'TEN-0102' } });
    expect(await call('PUT', `/v1/tenants/${id}/reactivate`)).toMatchObject({
      status: 200,
      body: { status: 'active' },
    });
    expect(await call('PUT', `/v1/tenants/${id}/reactivate`)).toMatchObject({ status: 409 });
    await call('PUT', `/v1/tenants/${id}/suspend`);
    expect(await call('DELETE', `/v1/tenants/${id}`)).toMatchObject({ status: 202, body: { status: 'deleting' } });
    for (const deadline = Date.now() + 60_000; (await call('GET', `/v1/tenants/${id}`)).body.status !== 'deleted'; ) {
      if (Date.now() > deadline) throw new Error('not purged in 20 s');
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    expect(await call('PUT', `/v1/tenants/${id}/reactivate`)).toMatchObject({
      status: 404,
      body: { code: 'TEN-0100' },
    });
  });
});

describe('refusals', () => {
  test.each([
    ['no key', {}, 401, 'TEN-0010'],
    ['an empty key', { 'x-api-key': '' }, 401, 'TEN-0010'],
    ['another key', { 'x-api-key': `${apiKey}x` }, 401, 'TEN-0011'],
    ['a product token', { authorization: 'Bearer abc' }, 401, 'TEN-0010'],
  ])('%s', async (_what, headers, status, code) => {
    for (const [method, url] of [
      ['GET', '/v1/tenants'],
      ['POST', '/v1/tenants'],
      ['PUT', `/v1/tenants/${uuidv7()}/suspend`],
    ] as const)
      expect(await call(method, url, undefined, headers as Record<string, string>)).toMatchObject({
        status,
        body: { code, title: expect.any(String), message: expect.any(String) },
      });
  });

  test.each([
    ['{"name":', 400, 'TEN-0002'],
    ['{"name":"a","name":"b"}', 400, 'TEN-0002'],
    [{ ...acme, tenantId: 'mine' }, 400, 'TEN-0003'],
    [{ ...acme, owner: { ...owner, passwordHash: 'x' } }, 400, 'TEN-0003'],
    [{ slug: 'acme', owner }, 400, 'TEN-0004'],
    [{ name: 'x' }, 400, 'TEN-0004'],
    [{ name: 'x', owner: { email: 'a@b.example' } }, 400, 'TEN-0004'],
    [{ ...acme, slug: 'Acme' }, 400, 'TEN-0001'],
    [{ ...acme, slug: '../x' }, 400, 'TEN-0001'],
    [{ ...acme, isolation: 'row' }, 400, 'TEN-0001'],
    [{ ...acme, owner: { ...owner, email: 'nobody' } }, 400, 'TEN-0001'],
    [{ ...acme, application: { name: 'x', role: 'root' } }, 400, 'TEN-0001'],
    [{ ...acme, slug: 'weak', owner: { ...owner, password: 'short' } }, 422, 'TEN-0103'],
  ])('body %j', async (body, status, code) => {
    const answer = await call('POST', '/v1/tenants', body);
    expect(answer).toMatchObject({ status, body: { code } });
    expect(JSON.stringify(answer.body)).not.toContain(owner.password);
  });

  test('ids, cursors, unknown routes', async () => {
    expect(await call('GET', '/v1/tenants/%20')).toMatchObject({ status: 400, body: { code: 'TEN-0005' } });
    expect(await call('GET', `/v1/tenants/${uuidv7()}`)).toMatchObject({ status: 404, body: { code: 'TEN-0100' } });
    expect(await call('GET', '/v1/tenants?cursor=abc')).toMatchObject({ status: 400, body: { code: 'TEN-0006' } });
    expect(await call('GET', '/v1/tenants?limit=1000')).toMatchObject({ status: 400, body: { code: 'TEN-0006' } });
    expect(await call('GET', '/v1/nothing')).toMatchObject({ status: 404, body: { code: 'TEN-0020' } });
    expect(await call('PATCH', '/v1/tenants')).toMatchObject({ status: 405, body: { code: 'TEN-0021' } });
  });
});

test('/metrics is Prometheus text', async () => {
  const answer = await app.inject({ url: '/metrics' });
  expect(answer.headers['content-type']).toContain('text/plain');
  expect(answer.body).toContain('tenant_provisioning_seconds_count{outcome="active"}');
});

test('the client speaks it', async () => {
  const client = createTenantsClient({ baseUrl, apiKey });
  const created = await client.create({ name: 'By client', owner, isolation: 'schema' });
  expect(await client.get(created.id)).toMatchObject({ slug: 'by-client', status: 'active' });
  expect((await client.list({ limit: 1 })).items).toHaveLength(1);
  expect(await client.suspend(created.id)).toMatchObject({ status: 'suspended' });
  await expect(client.suspend(created.id)).rejects.toMatchObject({ status: 409, code: 'TEN-0102' });
  expect(await client.reactivate(created.id)).toMatchObject({ status: 'active' });
  await expect(client.delete(created.id)).rejects.toBeInstanceOf(TenantsClientError);
  await client.suspend(created.id);
  expect(await client.delete(created.id)).toMatchObject({ status: 'deleting' });
  expect(() => createTenantsClient({ baseUrl: 'http://tenants.example', apiKey })).toThrow(/https/);
});
