import { LedgerError } from '@cofferdam/core';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defineRoute, type RouteDefinition } from '../../src/http/route.js';
import { DecimalInput, Text } from '../../src/http/schemas.js';
import { listenerWith, route } from './support.js';

const id = '019c96a0-0000-7000-8000-000000000000';
const jsonHeaders = { 'content-type': 'application/json' };

const routes: RouteDefinition[] = [
  defineRoute({
    ...route({ method: 'POST', url: '/v1/things/:thing_id', handler: async () => ({ status: 500 }) }),
    body: Type.Object({ name: Text(10), value: Type.Optional(DecimalInput()) }, { additionalProperties: false }),
    handler: async ({ body, params, query }) => ({
      status: 201,
      body: { body, params, query },
      headers: { 'x-made': 'yes' },
    }),
  }),
  route({ method: 'GET', url: '/v1/things/:thing_id', handler: async () => ({ status: 200, body: { items: [] } }) }),
  route({ method: 'DELETE', url: '/v1/things/:thing_id', handler: async () => ({ status: 204 }) }),
  route({
    method: 'POST',
    url: '/v1/things/:thing_id/commit',
    handler: async ({ body }) => ({ status: 201, body: { body: body ?? null } }),
  }),
  route({
    method: 'GET',
    url: '/v1/aliases/:alias',
    textParams: ['alias'],
    handler: async ({ params, query }) => ({ status: 200, body: { params, query } }),
  }),
  route({
    method: 'HEAD',
    url: '/v1/things/metrics/count',
    handler: async () => ({ status: 204, headers: { 'x-total-count': '7', 'content-length': '0' } }),
  }),
  route({
    method: 'GET',
    url: '/health',
    handler: async () => ({ status: 200, body: 'healthy', headers: { 'content-type': 'text/plain; charset=utf-8' } }),
  }),
  route({
    method: 'POST',
    url: '/small',
    bodyLimit: 64,
    body: Type.Object({ name: Text(1000) }, { additionalProperties: false }),
    handler: async () => ({ status: 200 }),
  }),
  route({
    method: 'GET',
    url: '/errors/:which',
    textParams: ['which'],
    handler: async ({ params }) => {
      const which = params['which'];
      if (which === 'unexpected') throw new Error('relation "secret" does not exist');
      if (which === 'odd') throw null;
      if (which === '503') {
        throw new LedgerError('tenant_service_unavailable', {
          detail: 'driver text',
          reason: 'TENANT_CAPACITY',
          retryAfterSeconds: 9,
        });
      }
      if (which === '401') throw new LedgerError('invalid_token', { detail: 'no', reason: 'MISSING_TENANT' });
      if (which === '401-missing') throw new LedgerError('token_missing', { detail: 'no' });
      throw new LedgerError('entity_not_found', { detail: 'No such account.', entityType: 'Account' });
    },
  }),
];

let app: FastifyInstance;

beforeEach(() => {
  app = listenerWith(routes);
});

afterEach(async () => {
  await app.close();
});

describe('bodies', () => {
  const url = `/v1/things/${id}`;
  const post = (payload: string, headers: Record<string, string> = jsonHeaders) =>
    app.inject({ method: 'POST', url, payload, headers });

  it('reach the handler checked, with their digits', async () => {
    const answer = await post('{"name":"x","value":0.10}');
    expect(answer.statusCode).toBe(201);
    expect(answer.headers['content-type']).toBe('application/json; charset=utf-8');
    expect(answer.headers['x-made']).toBe('yes');
    expect(answer.json()).toEqual({ body: { name: 'x', value: '0.10' }, params: { thing_id: id }, query: {} });
  });

  it.each([
    ['no JSON', '{"name":', jsonHeaders],
    ['a repeated member', '{"name":"x","name":"x"}', jsonHeaders],
    ['100,000 levels', '['.repeat(100_000), jsonHeaders],
    ['nothing', '', jsonHeaders],
    ['a form', 'name=x', { 'content-type': 'application/x-www-form-urlencoded' }],
    ['text', '{"name":"x"}', { 'content-type': 'text/plain' }],
    ['no content type', '{"name":"x"}', {}],
    ['a strange content type', '{"name":"x"}', { 'content-type': 'application/json-seq' }],
  ])('with %s answer 0094', async (_name, payload, headers) => {
    const answer = await post(payload, headers);
    expect(answer.statusCode).toBe(400);
    expect(answer.json().code).toBe('0094');
  });

  it.each(['application/json; charset=utf-8', 'APPLICATION/JSON', 'application/merge-patch+json'])(
    'may be %s',
    async (type) => {
      expect((await post('{"name":"x"}', { 'content-type': type })).statusCode).toBe(201);
    },
  );

  it('over the limit answer 413, over a small limit of the route 400', async () => {
    const large = JSON.stringify({ name: 'x'.repeat(2 * 1024 * 1024) });
    const general = await post(large);
    expect([general.statusCode, general.json().code]).toEqual([413, '0143']);
    const small = await app.inject({ method: 'POST', url: '/small', payload: large, headers: jsonHeaders });
    expect([small.statusCode, small.json().code]).toEqual([400, '0143']);
  });

  it.each([
    ['DELETE', `/v1/things/${id}`, 204],
    ['POST', `/v1/things/${id}/commit`, 201],
  ] as const)('are ignored where none is taken: %s %s', async (method, path, status) => {
    for (const payload of ['', '{}', '{"broken', undefined]) {
      const answer = await app.inject({
        method,
        url: path,
        headers: jsonHeaders,
        ...(payload !== undefined && { payload }),
      });
      expect(answer.statusCode).toBe(status);
      if (status === 201) expect(answer.json()).toEqual({ body: null });
    }
  });
});

describe('answers', () => {
  it('may be text', async () => {
    const answer = await app.inject('/health');
    expect([answer.statusCode, answer.headers['content-type'], answer.body]).toEqual([
      200,
      'text/plain; charset=utf-8',
      'healthy',
    ]);
  });

  it('of 204 have no body', async () => {
    const deleted = await app.inject({ method: 'DELETE', url: `/v1/things/${id}` });
    expect([deleted.statusCode, deleted.body]).toEqual([204, '']);
    const counted = await app.inject({ method: 'HEAD', url: '/v1/things/metrics/count' });
    expect([counted.statusCode, counted.headers['x-total-count'], counted.headers['content-length']]).toEqual([
      204,
      '7',
      '0',
    ]);
  });

  it('carry the request id of the caller, or a new one', async () => {
    const withId = (value: string) => app.inject({ url: '/health', headers: { 'x-request-id': value } });
    expect((await withId('abc-1')).headers['x-request-id']).toBe('abc-1');
    expect((await withId('a b')).headers['x-request-id']).toBe('request-1');
    expect((await withId('x'.repeat(129))).headers['x-request-id']).toBe('request-1');
    expect((await app.inject('/nowhere')).headers['x-request-id']).toBe('request-1');
  });

  it('carry security headers, errors and unknown routes included', async () => {
    for (const url of ['/health', '/nowhere', '/%zz', '/errors/unexpected']) {
      const { headers } = await app.inject(url);
      expect(headers).toMatchObject({
        'x-content-type-options': 'nosniff',
        'cache-control': 'private, no-store',
        'access-control-allow-origin': '*',
        'content-security-policy': expect.stringContaining("default-src 'none'"),
      });
    }
  });

  it('to a preflight need no route', async () => {
    for (const url of [`/v1/things/${id}`, '/nowhere']) {
      const answer = await app.inject({
        method: 'OPTIONS',
        url,
        headers: { origin: 'http://x', 'access-control-request-method': 'POST' },
      });
      expect(answer.statusCode).toBe(204);
      expect(answer.headers['access-control-allow-methods']).toContain('PATCH');
      expect(answer.headers['access-control-allow-headers']).toContain('Authorization');
    }
  });
});

describe('URLs', () => {
  it('have UUIDs in any spelling, and free text decoded', async () => {
    const spelled = await app.inject({
      method: 'POST',
      url: `/v1/things/${id.replaceAll('-', '').toUpperCase()}`,
      payload: '{"name":"x"}',
      headers: jsonHeaders,
    });
    expect(spelled.json().params).toEqual({ thing_id: id });
    for (const alias of ['@alice', '%40alice']) {
      expect((await app.inject(`/v1/aliases/${alias}?a=1&a=2`)).json()).toEqual({
        params: { alias: '@alice' },
        query: { a: '2' },
      });
    }
  });

  it.each([
    ['GET', '/v1/things/abc', 400, '0065'],
    ['GET', '/v1/things/%zz', 400, '0065'],
    ['GET', '/v1/aliases/%ff', 400, '0065'],
    ['GET', '/v1/aliases/a%00b', 400, '0065'],
    ['GET', '/v1/aliases/a?x=%00', 400, '0065'],
    ['GET', `/v1/aliases/${'a'.repeat(2000)}`, 400, '0065'],
    ['GET', '/nowhere', 404, '0484'],
    ['POST', '/nowhere', 404, '0484'],
    ['GET', '/v1//things', 404, '0484'],
    ['PUT', `/v1/things/${id}`, 405, '0485'],
    ['POST', '/v1/things/metrics/count/x', 404, '0484'],
    ['TRACE', '/health', 405, '0485'],
  ] as const)('%s %s answers %i %s', async (method, url, status, code) => {
    const answer = await app.inject({
      method: method as 'GET',
      url,
      headers: jsonHeaders,
      ...(method === 'POST' && { payload: '{broken' }),
    });
    expect([answer.statusCode, answer.json().code]).toEqual([status, code]);
    if (status === 405) expect(answer.headers.allow).toContain('OPTIONS');
  });

  it('name the parameter that is no UUID', async () => {
    expect((await app.inject('/v1/things/abc')).json().detail).toContain('"thing_id"');
  });

  it('may end with a slash', async () => {
    expect((await app.inject('/health/')).statusCode).toBe(200);
  });
});

describe('refusals', () => {
  it('have the members of both generations', async () => {
    const answer = await app.inject('/errors/404');
    expect(answer.statusCode).toBe(404);
    expect(answer.json()).toEqual({
      type: 'https://errors.lerian.studio/v1/0007',
      title: expect.any(String),
      status: 404,
      detail: 'No such account.',
      code: '0007',
      entityType: 'Account',
      message: 'No such account.',
    });
  });

  it('list fields, with the value only where it is unexpected', async () => {
    const post = (payload: string) =>
      app.inject({ method: 'POST', url: `/v1/things/${id}`, payload, headers: jsonHeaders });
    expect((await post('{}')).json()).toMatchObject({
      code: '0009',
      errors: [{ location: 'name', message: 'name is a required field' }],
      fields: { name: 'name is a required field' },
    });
    expect((await post('{"foo":{"a":1.50}}')).body).toContain('"value":{"a":1.50}');
    expect((await post('{"foo":1}')).json()).toMatchObject({
      code: '0053',
      errors: [{ location: 'foo', message: 'unexpected field', value: 1 }],
      fields: { foo: 1 },
    });
  });

  it.each([
    [undefined, 'application/problem+json; charset=utf-8'],
    ['*/*', 'application/problem+json; charset=utf-8'],
    ['application/json', 'application/json; charset=utf-8'],
    ['application/json, text/plain, */*', 'application/json; charset=utf-8'],
    ['application/problem+json, application/json', 'application/problem+json; charset=utf-8'],
  ])('to Accept: %s are %s', async (accept, type) => {
    const answer = await app.inject({ url: '/errors/404', headers: accept ? { accept } : {} });
    expect(answer.headers['content-type']).toBe(type);
  });

  it.each(['unexpected', 'odd'])('that nobody expected (%s) say nothing', async (which) => {
    const answer = await app.inject(`/errors/${which}`);
    expect(answer.statusCode).toBe(500);
    expect(answer.json()).toEqual({
      type: 'https://errors.lerian.studio/v1/0046',
      title: 'Internal Server Error',
      status: 500,
      detail: 'internal error',
      code: '0046',
      message: 'internal error',
    });
  });

  it('of 503 say when to come back and why, not more', async () => {
    const answer = await app.inject('/errors/503');
    expect([answer.statusCode, answer.headers['retry-after']]).toEqual([503, '9']);
    expect(answer.json()).toMatchObject({
      code: '0161',
      detail: 'internal error',
      reason: 'TENANT_CAPACITY',
      title: 'Service Unavailable',
    });
  });

  it('of 401 challenge', async () => {
    const invalid = await app.inject('/errors/401');
    expect([invalid.statusCode, invalid.headers['www-authenticate'], invalid.json().reason]).toEqual([
      401,
      'Bearer error="invalid_token"',
      'MISSING_TENANT',
    ]);
    expect((await app.inject('/errors/401-missing')).headers['www-authenticate']).toBe('Bearer');
  });
});
