import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { LedgerError } from '@cofferdam/core';
import { afterEach, describe, expect, it } from 'vitest';
import { createCachedPermissions, type GrantedPermissions } from '../../src/http/cached-permissions.js';
import type { Principal } from '../../src/http/principal.js';
import { createRemotePermissions } from '../../src/http/remote-permissions.js';

function person(changes: Partial<Record<keyof Principal, unknown>> = {}): Principal {
  return {
    issuer: 'i',
    tenantId: 't',
    kind: 'person',
    subject: 's',
    clientId: 'c',
    tokenId: 'j',
    expiresAt: 0,
    ...changes,
  } as Principal;
}

const read = { resource: 'accounts', action: 'get' };

describe('createCachedPermissions', () => {
  function cache(answer: (who: Principal) => GrantedPermissions | Promise<GrantedPermissions>) {
    let time = 0;
    const asked: string[] = [];
    const source = createCachedPermissions({
      load: async (who) => {
        asked.push(`${who.tenantId}/${who.subject}`);
        return answer(who);
      },
      now: () => new Date(time),
      ttlMs: 3_600_000,
    });
    return { source, asked, pass: (milliseconds: number) => (time += milliseconds) };
  }

  it('asks once a minute for one principal, however many wait', async () => {
    const { source, asked, pass } = cache(() => ({ accounts: ['get'] }));
    const answers = await Promise.all(Array.from({ length: 20 }, () => source.isAllowed(person(), read, 'token')));
    expect(answers.every(Boolean)).toBe(true);
    pass(59_999);
    await source.isAllowed(person(), read, 'token');
    expect(asked).toHaveLength(1);
    pass(1);
    await source.isAllowed(person(), read, 'token');
    expect(asked).toHaveLength(2);
  });

  it('tells tenants, subjects, kinds, clients and issuers apart', async () => {
    const { source, asked } = cache((who) => (who.tenantId === 't' ? { accounts: ['get'] } : {}));
    const others = [
      { tenantId: 'u' },
      { subject: 'z' },
      { kind: 'application' },
      { clientId: 'z' },
      { issuer: 'z' },
      { tenantId: undefined },
    ];
    expect(await source.isAllowed(person(), read, 'token')).toBe(true);
    expect(await source.isAllowed(person({ tenantId: 'u' }), read, 'token')).toBe(false);
    for (const other of others) await source.isAllowed(person(other), read, 'token');
    expect(asked).toHaveLength(1 + others.length);
  });

  it('allows nothing that is not listed', async () => {
    const { source } = cache(() => ({ accounts: ['get'] }));
    for (const [resource, action] of [
      ['accounts', 'post'],
      ['ledgers', 'get'],
      ['toString', 'call'],
      ['__proto__', 'get'],
      ['accounts', 'g'],
    ]) {
      expect(await source.isAllowed(person(), { resource, action } as never, 'token')).toBe(false);
    }
  });

  it('asks again soon after a change: the process that is asked may hear of it later than we', async () => {
    let answer: GrantedPermissions = { accounts: ['get'] };
    const { source, asked, pass } = cache(() => answer);
    const isAllowed = (who = person()) => source.isAllowed(who, read, 'token');
    expect([await isAllowed(), await isAllowed(person({ subject: 'z' }))]).toEqual([true, true]);
    source.forget('t' as never, person());
    // The other Access Manager still says yes.
    expect(await isAllowed()).toBe(true);
    answer = {};
    pass(499);
    expect(await isAllowed()).toBe(true);
    pass(1);
    expect(await isAllowed()).toBe(false);
    // Two seconds after the change everybody has heard of it: a minute again. Nobody else is asked about more often.
    pass(1_500);
    await isAllowed();
    const before = asked.length;
    pass(50_000);
    expect([await isAllowed(), await isAllowed(person({ subject: 'z' }))]).toEqual([false, true]);
    expect(asked).toHaveLength(before);
  });

  it('rejects when the answer cannot be had, and does not remember that', async () => {
    let down = true;
    const { source } = cache(() => (down ? Promise.reject(new Error('down')) : { accounts: ['get'] }));
    await expect(source.isAllowed(person(), read, 'token')).rejects.toThrow('down');
    down = false;
    expect(await source.isAllowed(person(), read, 'token')).toBe(true);
  });
});

describe('createRemotePermissions', () => {
  let server: Server | undefined;
  let time = 0;

  afterEach(() => {
    server?.closeAllConnections();
    server?.close();
  });

  async function ask(status: number, body: string, onRequest: (request: IncomingMessage) => void = () => undefined) {
    server = createServer((request, response) => {
      onRequest(request);
      if (status > 0) response.writeHead(status).end(body);
    });
    await new Promise<void>((resolve) => server?.listen(0, '127.0.0.1', resolve));
    const address = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const load = createRemotePermissions({ address, now: () => new Date(time), timeoutMs: status === 0 ? 200 : 5_000 });
    return () => load(person(), 'the-token');
  }

  it('asks in the caller’s name', async () => {
    const seen: unknown[] = [];
    const load = await ask(200, '{"accounts":["get","post"],"odd":7}', ({ url, headers }) =>
      seen.push(url, headers.authorization),
    );
    expect(await load()).toEqual({ accounts: ['get', 'post'], odd: [] });
    expect(seen).toEqual(['/v1/permissions', 'Bearer the-token']);
  });

  it('relays that the token is refused, and takes 403 for no permission', async () => {
    await expect((await ask(401, '{}'))()).rejects.toMatchObject({ code: '0042' });
    server?.close();
    expect(await (await ask(403, '{}'))()).toEqual({});
  });

  it.each([
    [500, '{}'],
    [200, 'no json'],
    [200, '[]'],
    [0, ''],
  ])('rejects when the answer is %i %s', async (status, body) => {
    await expect((await ask(status, body))()).rejects.not.toBeInstanceOf(LedgerError);
  });

  it('stops asking for a while after five failures', async () => {
    let requests = 0;
    const load = await ask(500, '{}', () => requests++);
    for (let count = 0; count < 20; count++) await expect(load()).rejects.toThrow();
    expect(requests).toBe(5);
    time += 2_000;
    await expect(load()).rejects.toThrow();
    expect(requests).toBe(6);
  });

  it('is not asked in clear text across the network', () => {
    expect(() => createRemotePermissions({ address: 'http://access.example', now: () => new Date() })).toThrow(/https/);
  });
});
