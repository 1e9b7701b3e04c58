import { LedgerError } from '@cofferdam/core';
import { Type } from 'typebox';
import { describe, expect, it } from 'vitest';
import type { Guard, RouteDefinition } from '../../src/http/route.js';
import { Text } from '../../src/http/schemas.js';
import { listenerWith } from './support.js';

function route(
  operationId: string,
  method: RouteDefinition['method'],
  url: string,
  more: Partial<RouteDefinition> = {},
): RouteDefinition {
  return {
    method,
    url,
    guard: { permission: { resource: 'things', action: 'get' } },
    operationId,
    tag: 'Test',
    summary: 'test',
    success: { status: 200, description: 'done' },
    errors: [],
    handler: async ({ context, principal }) => ({ status: 200, body: { context, principal } }),
    ...more,
  };
}

describe('a table is refused at start', () => {
  it.each([
    ['without a guard', [route('a', 'GET', '/a', { guard: undefined as unknown as Guard })], /no guard/],
    ['with an empty guard', [route('a', 'GET', '/a', { guard: {} as Guard })], /no guard/],
    ['with one operationId twice', [route('a', 'GET', '/a'), route('a', 'GET', '/b')], /operationId a/],
    ['with one method and URL twice', [route('a', 'GET', '/a/:b'), route('b', 'GET', '/a/:c')], /already registered/],
    ['with an unknown text parameter', [route('a', 'GET', '/a/:b', { textParams: ['c'] })], /no path parameter "c"/],
    [
      'with a body that cannot be explained',
      [route('a', 'POST', '/a', { body: Type.Object({ b: Type.String() }) })],
      /additionalProperties/,
    ],
  ])('%s', (_name, routes, message) => {
    expect(() => listenerWith(routes)).toThrow(message);
  });
});

describe('admission', () => {
  it('sees the guard and gives the handler its context', async () => {
    const guards: Guard[] = [];
    const app = listenerWith([route('a', 'GET', '/a')], {
      admission: {
        admit: async (_request, guard) => {
          guards.push(guard);
          return { context: { tenant: 'A' }, principal: { subject: 's' } as never };
        },
      },
    });
    expect((await app.inject('/a')).json()).toEqual({ context: { tenant: 'A' }, principal: { subject: 's' } });
    expect(guards).toEqual([{ permission: { resource: 'things', action: 'get' } }]);
  });

  it('comes before the path, and the path before the body', async () => {
    let open = false;
    const body = Type.Object({ name: Text(5) }, { additionalProperties: false });
    const app = listenerWith([route('a', 'POST', '/a/:id', { body })], {
      admission: {
        admit: async () => {
          if (!open) throw new LedgerError('token_missing', { detail: 'no' });
          return { context: undefined, principal: undefined };
        },
      },
    });
    const post = async (id: string, payload: string) => {
      const answer = await app.inject({
        method: 'POST',
        url: `/a/${id}`,
        payload,
        headers: { 'content-type': 'application/json' },
      });
      return answer.json().code;
    };
    expect(await post('x', '{broken')).toBe('0041');
    open = true;
    expect(await post('x', '{broken')).toBe('0065');
    expect(await post('019c96a0-0000-7000-8000-000000000000', '{broken')).toBe('0094');
    expect(await post('019c96a0-0000-7000-8000-000000000000', '{}')).toBe('0009');
  });

  it('keeps the contexts of requests apart', async () => {
    const app = listenerWith([route('a', 'GET', '/a')], {
      admission: {
        admit: async (request) => {
          await new Promise((resolve) => setTimeout(resolve, Math.random() * 5));
          return { context: request.headers['x-who'], principal: undefined };
        },
      },
    });
    const answers = await Promise.all(
      Array.from({ length: 50 }, (_, at) => app.inject({ url: '/a', headers: { 'x-who': `w${at}` } })),
    );
    expect(answers.map((answer) => answer.json().context)).toEqual(Array.from({ length: 50 }, (_, at) => `w${at}`));
  });
});
