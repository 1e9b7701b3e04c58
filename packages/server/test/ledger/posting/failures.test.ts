import type { LedgerError } from '@cofferdam/core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { metadataIndexPrefix } from '../../../src/ledger/metadata-index-port.js';
import { sweepExpiredKeys } from '../../../src/ledger/storage/idempotency-keys.js';
import { withTenantClient } from '../../../src/ledger/storage/with-tenant.js';
import { type Books, codeOf, newPoster, openBooks, transfer } from './books.js';
import { openUnreliableLine } from './unreliable-line.js';

let books: Books;
beforeAll(async () => {
  books = await openBooks();
  await books.addAccount('@a', { available: '1000' });
  await books.addAccount('@b');
});
afterAll(() => books.store.drop());

const pay = (value = '1', options = {}) => transfer(books, value, [['@a', value]], [['@b', value]], options);
// Digits that do not compress: an index holds 2,704 bytes of them.
const longText = Array.from({ length: 150 }, (_, i) => `md5(description || '${i}')`).join(' || ');
const outboxEnd = async () =>
  Number((await books.store.adminPool.query('select coalesce(max(position), 0) as n from outbox')).rows[0].n);
const count = async () =>
  Number((await books.store.adminPool.query('select count(*) as n from transaction')).rows[0].n);

describe('when the answer to COMMIT is lost', () => {
  it.each(['before', 'after'] as const)('%s the server did it: posted once, and the caller is told', async (when) => {
    const line = await openUnreliableLine(books.store);
    try {
      const warnings: string[] = [];
      const poster = newPoster({ log: { warn: (_details, message) => warnings.push(message), error() {} } });
      await poster.post(line.tenant, pay());
      const [before, balance] = [await count(), await books.balance('@b')];
      line.breakAtCommit(when);
      const posted = await Promise.all([poster.post(line.tenant, pay('2')), poster.post(line.tenant, pay('3'))]);
      expect(await count()).toBe(before + 2);
      expect(Number((await books.balance('@b')).available)).toBe(Number(balance.available) + 5);
      for (const { transaction } of posted) {
        const found = await books.store.adminPool.query('select from transaction where id = $1', [transaction.id]);
        expect(found.rowCount).toBe(1);
      }
      const hold = await poster.post(line.tenant, pay('1', { kind: 'hold' }));
      line.breakAtCommit(when);
      const { organizationId, ledgerId } = books;
      const on = { organizationId, ledgerId, transactionId: hold.transaction.id };
      expect((await poster.post(line.tenant, { kind: 'commit', ...on })).transaction.status).toBe('APPROVED');
      expect(await codeOf(poster.post(line.tenant, { kind: 'commit', ...on }))).toBe('0486');
      expect(warnings.filter((message) => message.includes('COMMIT was lost'))).toHaveLength(2);
    } finally {
      await line.close();
    }
  });
});

describe('when the line breaks while an earlier answer is read', () => {
  it('it is read again, and a store that is gone is never said to have posted nothing', async () => {
    const line = await openUnreliableLine(books.store);
    try {
      const poster = newPoster();
      const keyed = pay('1', { idempotencyKey: 'asked again' });
      const first = await poster.post(line.tenant, keyed);
      line.breakAtCommit('before');
      const again = await poster.post(line.tenant, keyed);
      expect(again).toMatchObject({ replayed: true, transaction: { id: first.transaction.id } });
      line.breakAtCommit('before', 100);
      await expect(poster.post(line.tenant, keyed)).rejects.toMatchObject({
        code: '0161',
        info: { detail: expect.stringContaining('not known yet') },
      });
    } finally {
      await line.close();
    }
  });
});

describe('when the line breaks between the write and COMMIT and the server does not notice', () => {
  it('the session left behind is ended, and the batch posted once and soon', async () => {
    const line = await openUnreliableLine(books.store);
    try {
      await newPoster().post(line.tenant, pay());
      const [before, poster] = [await count(), newPoster()];
      line.breakAtCommit('between');
      const startedAt = performance.now();
      await Promise.all([poster.post(line.tenant, pay('2')), poster.post(line.tenant, pay('3'))]);
      expect(performance.now() - startedAt).toBeLessThan(5_000);
      expect(await count()).toBe(before + 2);
    } finally {
      await line.close();
    }
  });
});

describe('when the database refuses the data of one member', () => {
  it('that member fails alone', async () => {
    await books.store.adminPool.query(
      "alter table transaction add constraint no_poison check (description <> 'poison')",
    );
    const poison = pay();
    const entries = await newPoster().postEach(books.store.tenant, [
      pay('1', { idempotencyKey: 'good' }),
      { ...poison, notes: { ...poison.notes, description: 'poison' } },
      pay('2'),
    ]);
    expect(entries.map((entry) => 'posted' in entry)).toEqual([true, false, true]);
    const [, refused] = entries;
    expect(refused).toMatchObject({ refusal: { code: '23514', constraint: 'no_poison' } });
    await books.store.adminPool.query('alter table transaction drop constraint no_poison');
  });

  it.each([
    [
      'a value too long for an index',
      `create index poison on transaction ((case when description = 'poison' then ${longText} end))`,
      '54000',
    ],
    [
      'a trigger that raises',
      `create function refuse_poison() returns trigger language plpgsql as $$ begin
         if new.description = 'poison' then raise exception 'no poison'; end if; return new; end $$;
       create trigger poison before insert on transaction for each row execute function refuse_poison()`,
      'P0001',
    ],
  ])('so it does with %s', async (_what, ddl, code) => {
    await books.store.adminPool.query(ddl);
    const poison = { ...pay('0.01'), notes: { ...pay().notes, description: 'poison' } };
    const before = await books.balance('@b');
    const entries = await newPoster().postEach(books.store.tenant, [pay('0.01'), poison, pay('0.01')]);
    expect(entries.map((entry) => 'posted' in entry)).toEqual([true, false, true]);
    expect(entries[1]).toMatchObject({ refusal: { code } });
    expect(Number((await books.balance('@b')).available)).toBeCloseTo(Number(before.available) + 0.02);
    await books.store.adminPool.query(
      'drop index if exists poison; drop trigger if exists poison on transaction; drop function if exists refuse_poison',
    );
  });

  it('in a large batch it is found in a few steps, and the others are posted together', async () => {
    await books.store.adminPool.query(
      "alter table transaction add constraint no_poison check (description <> 'poison')",
    );
    let [splits, from] = [0, await outboxEnd()];
    const poster = newPoster({ log: { warn: () => (splits += 1), error() {} } });
    const entries = await poster.postEach(
      books.store.tenant,
      Array.from({ length: 100 }, (_, i) =>
        i === 61 ? { ...pay('0.01'), notes: { ...pay().notes, description: 'poison' } } : pay('0.01'),
      ),
    );
    expect(entries.flatMap((entry, i) => ('refusal' in entry ? [i] : []))).toEqual([61]);
    expect(splits).toBeLessThanOrEqual(7);
    const { rows } = await books.store.adminPool.query(
      'select count(*)::int as events, count(distinct xid)::int as commits from outbox where position > $1',
      [from],
    );
    expect(rows[0]).toEqual({ events: 99, commits: 7 });
    await books.store.adminPool.query('alter table transaction drop constraint no_poison');
  });

  it('a value that a unique metadata index forbids is that member’s mistake, before and beside others', async () => {
    await books.store.adminPool.query(
      `create unique index ${metadataIndexPrefix}ref on transaction ((metadata ->> 'ref')) where metadata ->> 'ref' is not null`,
    );
    const named = (ref: string) => ({ ...pay('0.01'), notes: { ...pay().notes, metadata: { ref } } });
    const poster = newPoster();
    await poster.post(books.store.tenant, named('one'));
    const entries = await poster.postEach(books.store.tenant, [
      named('two'),
      named('one'),
      pay('0.01'),
      named('two'),
      named('three'),
    ]);
    expect(entries.map((entry) => ('refusal' in entry ? (entry.refusal as LedgerError).code : 'posted'))).toEqual([
      'posted',
      '0047',
      'posted',
      '0047',
      'posted',
    ]);
    await expect(poster.postTogether(books.store.tenant, [pay('0.01'), named('three')])).rejects.toMatchObject({
      name: 'LedgerError',
    });
    await books.store.adminPool.query(`drop index ${metadataIndexPrefix}ref`);
  });
});

describe('when others hold the locks', () => {
  it('a deadlock victim runs again', async () => {
    const admin = await books.store.adminPool.connect();
    try {
      const rows = await admin.query("select id from balance where alias in ('@a', '@b') order by id");
      const [low, high] = rows.rows.map((row) => row.id);
      await admin.query('begin');
      await admin.query('set local deadlock_timeout = 60000');
      await admin.query('select from balance where id = $1 for update', [high]);
      const posted = newPoster().post(books.store.tenant, pay());
      await waitForBlocked();
      // Against the common order: the poster holds the first and waits for the second.
      await admin.query('select from balance where id = $1 for update', [low]);
      await admin.query('commit');
      expect((await posted).replayed).toBe(false);
    } finally {
      admin.release();
    }
  });

  async function waitForBlocked(): Promise<void> {
    for (let i = 0; i < 200; i += 1) {
      const { rows } = await books.store.adminPool.query(
        "select from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
      );
      if (rows.length > 0) return;
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    throw new Error('the poster never waited for the lock');
  }

  it('a deleted balance is not found, even when it is deleted while the poster waits for it', async () => {
    await books.addAccount('@gone', { available: '5' });
    const admin = await books.store.adminPool.connect();
    try {
      await admin.query('begin');
      await admin.query("update balance set deleted_at = now() where alias = '@gone'");
      const code = codeOf(newPoster().post(books.store.tenant, transfer(books, '1', [['@gone', '1']], [['@b', '1']])));
      await waitForBlocked();
      await admin.query('commit');
      expect(await code).toBe('0019');
    } finally {
      admin.release();
    }
  });
});

describe('the queue', () => {
  it('is bounded: what does not fit is refused with 503 and a time to come back', async () => {
    const poster = newPoster({ limits: { waitingMax: 5, batchMax: 2 } });
    const results = await Promise.allSettled(
      Array.from({ length: 20 }, () => poster.post(books.store.tenant, pay('0.01'))),
    );
    const refused = results.flatMap((result) => (result.status === 'rejected' ? [result.reason as LedgerError] : []));
    expect(results.length - refused.length).toBe(5);
    for (const refusal of refused) {
      expect(refusal.code).toBe('0161');
      expect(refusal.info.retryAfterSeconds).toBeGreaterThan(0);
    }
  });

  it('is bounded in bytes and age', async () => {
    const bytes = newPoster({ limits: { waitingBytesMax: 1000 } });
    const both = await Promise.allSettled([
      bytes.post(books.store.tenant, pay('0.01'), 900),
      bytes.post(books.store.tenant, pay('0.01'), 900),
    ]);
    expect(both.map((result) => result.status)).toEqual(['fulfilled', 'rejected']);
    const impatient = newPoster({ limits: { waitMsMax: -1 } });
    expect(await codeOf(impatient.post(books.store.tenant, pay('0.01')))).toBe('0161');
  });

  it('takes any unit when it is empty, and makes it a batch of its own', async () => {
    const poster = newPoster({ limits: { waitingMax: 3, batchMax: 2 } });
    const posted = await poster.postTogether(
      books.store.tenant,
      Array.from({ length: 10 }, () => pay('0.01')),
    );
    expect(posted).toHaveLength(10);
  });
});

describe('the sweep', () => {
  it('removes expired keys only, and never one that a batch is taking over', async () => {
    const poster = newPoster();
    await poster.post(books.store.tenant, pay('1', { idempotencyKey: 'short', ttlSeconds: 1 }));
    await poster.post(books.store.tenant, pay('1', { idempotencyKey: 'long', ttlSeconds: 10_000 }));
    const sweep = (at: number) =>
      withTenantClient(books.store.tenant, (client) => sweepExpiredKeys(client, new Date(Date.now() + at), 100));
    const held = await books.store.adminPool.connect();
    await held.query('begin');
    await held.query("select from idempotency_key where expires_at < now() + interval '1 minute' for update");
    expect(await sweep(60_000)).toBe(0);
    await held.query('rollback');
    held.release();
    expect(await sweep(60_000)).toBe(1);
    expect(await sweep(60_000)).toBe(0);
  });
});
