import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { readConfig } from '../../src/config.js';
import { type Call, type Conforming, type Mode, modes, open } from './modes.js';
import { walkWorkflow } from './workflow.js';

let houses: readonly (Conforming & { readonly mode: Mode })[];
beforeAll(async () => {
  houses = await Promise.all(modes.map(async (mode) => ({ mode, ...(await open(mode)) })));
});
afterAll(() => Promise.all((houses ?? []).map((house) => house.stop())));

test('T-06: the documents of all modes are equal apart from `security` and `securitySchemes`', async () => {
  const documents = await Promise.all(
    houses.map(async ({ server, mode }) => {
      const { status, text } = await server.call('GET', '/openapi.json');
      expect(status, mode).toBe(200);
      expect(text).not.toMatch(/tenant[-_]?id/i);
      return JSON.parse(text, (key, value) => (key === 'security' || key === 'securitySchemes' ? undefined : value));
    }),
  );
  for (const document of documents) expect(document).toEqual(documents[0]);
  expect(Object.keys(documents[0].paths).length).toBeGreaterThan(30);
});

test('T-06: the workflow is answered alike in all modes, to the last member of each body', async () => {
  const transcripts = [];
  for (const house of houses) {
    const lines: string[] = [];
    const listen: Call = async (method, path, body, headers) => {
      const reply = await house.call(method, path, body, headers);
      const interesting = [
        'content-type',
        'x-total-count',
        'x-idempotency-replayed',
        'content-length',
        'cache-control',
      ];
      const told = interesting.map((name) => reply.headers.get(name));
      lines.push(`${method} ${path} → ${reply.status} ${told} ${reply.text}`);
      return reply;
    };
    await walkWorkflow(listen);
    transcripts.push({ mode: house.mode, lines: withoutChance(lines) });
  }
  for (const { mode, lines } of transcripts) expect(lines, mode).toEqual(transcripts[0]?.lines);
  expect(transcripts[0]?.lines).toHaveLength(57);
});

/** Ids by the order in which they appear; moments and what they lengthen left out. */
function withoutChance(lines: readonly string[]): string[] {
  const seen = new Map<string, string>();
  return lines.map((line) =>
    line
      .replace(/[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => {
        const name = seen.get(id) ?? `#${seen.size + 1}`;
        seen.set(id, name);
        return name;
      })
      .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, '<moment>')
      .replace(/(,)\d+(,private)/, '$1<length>$2')
      .replace(/[A-Za-z0-9+/]{60,}={0,2}/g, '<cursor>'),
  );
}

describe('T-24: mode × auth', () => {
  const of = (mode: Mode) => houses.find((house) => house.mode === mode) as Conforming;
  const plain = async (mode: Mode, token?: string) => {
    const { status, body } = await of(mode).server.call('GET', '/v1/organizations', { token });
    return status === 200 ? '200' : `${status}/${body.code}`;
  };

  test('single, auth off: no token needed, and any is ignored', async () => {
    for (const token of [undefined, '', 'nonsense', of('multi/database').token])
      expect(await plain('single', token)).toBe('200');
  });

  test('single, auth on: a token is needed, a tenant claim is not', async () => {
    const { token } = of('single with auth');
    expect(
      JSON.parse(Buffer.from((token as string).split('.')[1] as string, 'base64url').toString()),
    ).not.toHaveProperty('tenantId');
    expect(await plain('single with auth', token)).toBe('200');
    expect(await plain('single with auth')).toBe('401/0041');
    expect(await plain('single with auth', 'nonsense')).toBe('401/0042');
  });

  test('multi, auth on: a token with a tenant is needed', async () => {
    for (const mode of ['multi/database', 'multi/schema'] as const) {
      expect(await plain(mode, of(mode).token)).toBe('200');
      expect(await plain(mode)).toBe('401/0041');
      // Of another installation: another key.
      expect(await plain(mode, of('single with auth').token)).toBe('401/0042');
    }
  });

  test('multi, auth off: refuses to start', () => {
    expect(() => readConfig({ MULTI_TENANT_ENABLED: 'true', PLUGIN_AUTH_ENABLED: 'false' })).toThrow(
      /PLUGIN_AUTH_ENABLED is false while MULTI_TENANT_ENABLED is true/,
    );
  });

  test('T-07: a client that always sends its token needs no change between modes', async () => {
    for (const { mode } of houses)
      expect(await plain(mode, of(mode).token ?? 'left over from elsewhere'), mode).toBe('200');
  });

  test('T-22: single-tenant, the operators’ listener has no tenants', async () => {
    for (const mode of ['single', 'single with auth'] as const) {
      const { operate } = of(mode).server;
      expect((await operate('GET', '/v1/tenants')).status).toBe(404);
      expect((await operate('GET', '/metrics')).status).toBe(200);
    }
  });
});
