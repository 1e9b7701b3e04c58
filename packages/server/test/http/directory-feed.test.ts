import { expect, it } from 'vitest';
import { createCachedPermissions } from '../../src/http/cached-permissions.js';
import { type ChangePage, createDirectoryFeed } from '../../src/http/directory-feed.js';
import type { Principal } from '../../src/http/principal.js';

function follow(pages: (ChangePage | Error)[]) {
  const seen: string[] = [];
  let time = 0;
  const feed = createDirectoryFeed({
    async load(since) {
      seen.push(`since ${since}`);
      const page = pages.shift() ?? new Error('no more');
      if (page instanceof Error) throw page;
      return page;
    },
    elapsed: () => time,
    onChange: ({ subject }) => seen.push(subject),
    onLost: () => seen.push('lost'),
    onError: () => seen.push('error'),
  });
  return { feed, seen, pass: (milliseconds: number) => (time += milliseconds) };
}

const page = (position: number, subjects: string[] = [], more: Partial<ChangePage> = {}): ChangePage => ({
  position,
  changes: subjects.map((subject) => ({ tenantId: 't', kind: 'person', subject })),
  more: false,
  restarted: false,
  ...more,
});

it('begins where the feed stands, reads on in pages, and begins anew when the feed is younger', async () => {
  const { feed, seen } = follow([
    page(7),
    page(9, ['a', 'b'], { more: true }),
    page(10, ['c']),
    page(2, [], { restarted: true }),
    page(3, ['d']),
  ]);
  for (let round = 0; round < 4; round += 1) await feed.refresh();
  expect(seen).toEqual([
    ...['since undefined', 'lost', 'since 7', 'a', 'b', 'since 9', 'c'],
    ...['since 10', 'lost', 'since 2', 'd'],
  ]);
});

it('is fresh for 2 s after it was read; its failure is told once', async () => {
  const { feed, seen, pass } = follow([page(1), new Error('down'), new Error('down'), page(1), new Error('down')]);
  expect(feed.isFresh()).toBe(false);
  await feed.refresh();
  expect(feed.isFresh()).toBe(true);
  pass(2_001);
  expect(feed.isFresh()).toBe(false);
  await feed.refresh();
  await feed.refresh();
  expect(feed.isFresh()).toBe(false);
  await feed.refresh();
  expect(feed.isFresh()).toBe(true);
  await feed.refresh();
  expect(seen.filter((text) => text === 'error')).toHaveLength(2);
});

it('permissions are used for 30 s while the feed is silent, and a forgotten answer on its way is not remembered', async () => {
  let time = 0;
  let fresh = true;
  let asked = 0;
  let hold: Promise<void> = Promise.resolve();
  const permissions = createCachedPermissions({
    load: async () => {
      asked += 1;
      await hold;
      return {};
    },
    now: () => new Date(time),
    isFeedFresh: () => fresh,
  });
  const who = (changes: object = {}) =>
    ({ issuer: 'i', tenantId: 't', kind: 'person', subject: 's', clientId: 'c', ...changes }) as unknown as Principal;
  const ask = (principal = who()) => permissions.isAllowed(principal, { resource: 'accounts', action: 'get' }, 'token');

  await ask();
  time = 31_000;
  await ask();
  expect(asked).toBe(1);
  fresh = false;
  await ask();
  expect(asked).toBe(2);
  fresh = true;

  permissions.forget('t' as never, { kind: 'application', subject: 's' });
  permissions.forget('u' as never, { kind: 'person', subject: 's' });
  permissions.forget(undefined, { kind: 'person', subject: 's' });
  await ask();
  expect(asked).toBe(2);
  await ask(who({ clientId: 'other' }));
  permissions.forget('t' as never, { kind: 'person', subject: 's' });
  await ask();
  await ask(who({ clientId: 'other' }));
  expect(asked).toBe(5);

  permissions.forgetAll();
  let release = () => {};
  hold = new Promise((resolve) => {
    release = resolve;
  });
  const waiting = ask();
  permissions.forget('t' as never, { kind: 'person', subject: 's' });
  release();
  await waiting;
  await ask();
  expect(asked).toBe(7);
});
