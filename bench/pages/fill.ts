import type pg from 'pg';

export interface Filled {
  /** Of the account that half of all operations are on. */
  readonly accountId: string;
  readonly balanceId: string;
  readonly externalAccountId: string;
}

interface FillOptions {
  readonly organizationId: string;
  readonly ledgerId: string;
  /** Of two: each transaction is an inflow to one account. */
  readonly transactions: number;
  readonly accounts: number;
  /** Over which the books spread, up to now. */
  readonly days: number;
  readonly say: (text: string) => void;
}

const chunk = 25_000;
/** A UUIDv7 of `ms` (a SQL expression) with a counter, so that order is known. */
const idAt = (ms: string, counter: string) =>
  `(lpad(to_hex(${ms}), 12, '0') || '7' || lpad(to_hex(${counter}), 3, '0') || '8' || left(md5((${ms})::text || ${counter}), 15))::uuid`;

/**
 * Inflows of 1 to `@hot`, one after the other, as posting would have written them: versions and amounts chain, the
 * triggers are on, debits equal credits. One in fifty is backdated by up to a month; metadata has a key of ten values and,
 * on one row in a thousand, a key of its own.
 */
export async function fillBooks(client: pg.ClientBase, options: FillOptions): Promise<Filled> {
  const { organizationId, ledgerId, transactions, days, say } = options;
  const { rows: balances } = await client.query<{ alias: string; id: string; account_id: string }>(
    `select alias, id, account_id from balance where ledger_id = $1 and alias in ('@hot', '@external/USD')`,
    [ledgerId],
  );
  const [hot, external] = ['@hot', '@external/USD'].map((alias) => balances.find((one) => one.alias === alias));
  if (hot === undefined || external === undefined) throw new Error('the books have no @hot and no external account');
  await client.query(`create temporary table span as select now() - $1 * interval '1 day' as born, now() as until`, [
    days,
  ]);
  await client.query(`update balance set created_at = (select born from span) where id = any($1)`, [
    [hot.id, external.id],
  ]);
  for (let done = 0; done < transactions; done += chunk) {
    const last = Math.min(done + chunk, transactions);
    await client.query(`
      create temporary table made on commit drop as
      select i, ms, ${idAt('ms', '0')} as id, to_timestamp(ms / 1000.0)
        - case when i % 50 = 0 then (i % 30) * interval '1 day' else interval '0' end as at
      from (select i, (extract(epoch from born) * 1000)::bigint
              + ((extract(epoch from until - born) * 1000) * i / ${transactions})::bigint as ms
            from generate_series(${done}, ${last - 1}) i, span) s;
      insert into transaction (id, organization_id, ledger_id, status, asset_code, amount, metadata, created_at, updated_at)
      select id, '${organizationId}', '${ledgerId}', 'APPROVED', 'USD', 1,
        jsonb_build_object('channel', 'c' || i % 10) || case when i % 1000 = 7 then jsonb_build_object('invoice', i) else '{}' end, at, at
      from made;
      insert into operation (id, transaction_id, organization_id, ledger_id, account_id, balance_id, account_alias, balance_key,
        balance_direction, type, direction, asset_code, amount, available_before, available_after, on_hold_before, on_hold_after,
        version_before, version_after, status, metadata, created_at, updated_at)
      select ${idAt('ms', 'side + 1')}, id, '${organizationId}', '${ledgerId}',
        case side when 0 then '${external.account_id}' else '${hot.account_id}' end::uuid,
        case side when 0 then '${external.id}' else '${hot.id}' end::uuid,
        case side when 0 then '@external/USD' else '@hot' end, 'default', case side when 0 then 'debit' else 'credit' end,
        case side when 0 then 'DEBIT' else 'CREDIT' end, case side when 0 then 'debit' else 'credit' end,
        'USD', 1, i, i + 1, 0, 0, i, i + 1, 'APPROVED',
        jsonb_build_object('channel', 'c' || i % 10) || case when i % 1000 = 7 then jsonb_build_object('invoice', i) else '{}' end, at, at
      from made, generate_series(0, 1) side`);
    say(`operations ${(last * 2).toLocaleString('en-US')}`);
  }
  await client.query('update balance set available = $2::bigint, version = $2::bigint where id = any($1)', [
    [hot.id, external.id],
    transactions,
  ]);
  say('accounts');
  await fillAccounts(client, options);
  say('vacuum analyze');
  await client.query('vacuum analyze');
  return { accountId: hot.account_id, balanceId: hot.id, externalAccountId: external.account_id };
}

async function fillAccounts(client: pg.ClientBase, { organizationId, ledgerId, accounts, days }: FillOptions) {
  await client.query(`
    insert into account (id, organization_id, ledger_id, name, asset_code, type, alias, status_code, metadata, created_at, updated_at)
    select ${idAt('ms', '0')}, '${organizationId}', '${ledgerId}', 'Filled ' || i, 'USD', 'deposit', '@filled' || i, 'ACTIVE',
      jsonb_build_object('channel', 'c' || i % 10), to_timestamp(ms / 1000.0), to_timestamp(ms / 1000.0)
    from (select i, (extract(epoch from born) * 1000)::bigint + i * (86400000::bigint * ${days} / ${Math.max(accounts, 1)}) as ms
          from generate_series(0, ${accounts - 1}) i, span) s`);
}
