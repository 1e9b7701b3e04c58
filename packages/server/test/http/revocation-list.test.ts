import { LedgerError } from '@cofferdam/core';
import { describe, expect, it } from 'vitest';
import { createRevocationList, type RevocationPage, revocationOfAll } from '../../src/http/revocation-list.js';

/** A feed in memory: the list itself is under test here, the database's feed in test/access. */
function createFeed() {
  const entries: { jti: string; expiresAt: number; at: number }[] = [];
  const feed = {
    newest: 0,
    broken: false,
    reads: 0,
    revoke(jti: string, expiresAt: number) {
      feed.newest += 1;
      entries.push({ jti, expiresAt, at: feed.newest });
    },
    async load(since: number): Promise<RevocationPage> {
      feed.reads += 1;
      if (feed.broken) throw new Error('the feed is away');
      const page = entries.filter(({ at }) => at > since).slice(0, 2);
      return {
        position: page.at(-1)?.at ?? since,
        revoked: page,
        more: page.length === 2,
        restarted: feed.newest < since,
      };
    },
    clear() {
      entries.length = 0;
      feed.newest = 0;
    },
  };
  return feed;
}

describe('the revocation list', () => {
  function create() {
    const feed = createFeed();
    const clock = { now: 1_000_000_000_000, elapsed: 0 };
    const pass = (ms: number) => {
      clock.now += ms;
      clock.elapsed += ms;
    };
    const errors: unknown[] = [];
    const list = createRevocationList({
      load: (since) => feed.load(since),
      now: () => new Date(clock.now),
      elapsed: () => clock.elapsed,
      onError: (error) => errors.push(error),
      usableForMs: 30_000,
      pollMs: 20,
    });
    const isRevoked = async (tokenId: string) => list.isRevoked({ tokenId, clientId: 'c', subject: 's' });
    const inAnHour = clock.now / 1_000 + 3_600;
    return { feed, clock, pass, errors, list, isRevoked, inAnHour };
  }

  it('reads all pages before it judges the first token, and from memory afterwards', async () => {
    const { feed, isRevoked, list, inAnHour } = create();
    for (let count = 0; count < 7; count += 1) feed.revoke(`token-${count}`, inAnHour);
    expect(await isRevoked('token-6')).toBe(true);
    expect(await isRevoked('another')).toBe(false);
    const { reads } = feed;
    expect(list.isRevoked({ tokenId: 'token-0', clientId: 'c', subject: 's' })).toBe(true);
    expect(feed.reads).toBe(reads);
  });

  it('ends at once all that a client gave out, or a subject has, before an id was made', async () => {
    const { feed, list, isRevoked, inAnHour } = create();
    const [early = '', cut = '', late = ''] = [1, 2, 3].map((at) => `019c96a0-000${at}-7000-8000-000000000000`);
    feed.revoke(revocationOfAll('client', 'c', early), inAnHour);
    feed.revoke(revocationOfAll('client', 'c', cut), inAnHour);
    feed.revoke(revocationOfAll('subject', 'machine:1', cut), inAnHour);
    expect([await isRevoked(early), await isRevoked(cut), await isRevoked(late)]).toEqual([true, false, false]);
    const other = { tokenId: early, clientId: 'd', subject: 's' };
    expect(list.isRevoked(other)).toBe(false);
    expect(list.isRevoked({ ...other, subject: 'machine:1' })).toBe(true);
    expect(list.isRevoked({ tokenId: late, clientId: 'd', subject: 'machine:1' })).toBe(false);
  });

  it('polls, and a refresh sees what was revoked before it was asked for', async () => {
    const { feed, list, isRevoked, inAnHour } = create();
    list.start();
    await isRevoked('x');
    feed.revoke('polled', inAnHour);
    await expect.poll(() => isRevoked('polled')).toBe(true);
    void list.refresh();
    feed.revoke('asked', inAnHour);
    await list.refresh();
    expect(await isRevoked('asked')).toBe(true);
    await list.stop();
    const { reads } = feed;
    await new Promise((resolve) => setTimeout(resolve, 60));
    expect(feed.reads).toBe(reads);
  });

  it('goes by what it knew for as long as it may, and then judges nothing (503)', async () => {
    const { feed, pass, list, isRevoked, errors, inAnHour } = create();
    feed.revoke('known', inAnHour);
    await list.refresh();
    feed.broken = true;
    pass(29_000);
    await list.refresh();
    await list.refresh();
    expect(errors).toHaveLength(1);
    expect([await isRevoked('known'), await isRevoked('other')]).toEqual([true, false]);
    pass(2_000);
    for (const id of ['known', 'other']) {
      const refused = await isRevoked(id).catch((error: unknown) => error);
      expect(refused).toBeInstanceOf(LedgerError);
      expect((refused as LedgerError).reasonName).toBe('tenant_service_unavailable');
    }
    feed.broken = false;
    pass(1_000);
    expect(await isRevoked('known')).toBe(true);
  });

  it('is not made young by a clock that is set back', async () => {
    const { feed, clock, pass, list, isRevoked } = create();
    await list.refresh();
    feed.broken = true;
    clock.now -= 3_600_000;
    pass(31_000);
    await expect(isRevoked('x')).rejects.toMatchObject({ reasonName: 'tenant_service_unavailable' });
  });

  it('that never could be read judges nothing, and does not ask for every request', async () => {
    const { feed, isRevoked } = create();
    feed.broken = true;
    const answers = await Promise.allSettled(Array.from({ length: 100 }, () => isRevoked('x')));
    expect(answers.every(({ status }) => status === 'rejected')).toBe(true);
    expect(feed.reads).toBe(1);
  });

  it('forgets what nobody accepts any more', async () => {
    const { feed, pass, list, isRevoked, inAnHour } = create();
    feed.revoke('old', inAnHour);
    await list.refresh();
    pass(3_600_000 + 120_000);
    await list.refresh();
    expect(await isRevoked('old')).toBe(true);
    pass(120_000);
    await list.refresh();
    expect(await isRevoked('old')).toBe(false);
  });

  it('starts over when the feed is younger than it knows, and gives nothing back', async () => {
    const { feed, list, isRevoked, inAnHour } = create();
    for (let count = 0; count < 5; count += 1) feed.revoke(`before-${count}`, inAnHour);
    await list.refresh();
    feed.clear();
    feed.revoke('after', inAnHour);
    await list.refresh();
    expect([await isRevoked('before-3'), await isRevoked('after')]).toEqual([true, true]);
  });
});
