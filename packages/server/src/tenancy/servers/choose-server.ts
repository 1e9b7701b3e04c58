import type pg from 'pg';
import { TenancyError } from '../tenancy-error.js';

/** Where an operator wants a tenant: on this server, or on one that carries all of these labels, or anywhere. */
export interface PlacementWish {
  readonly server?: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * The server for a new tenant: among those that are open, have room and carry the labels, the least full one (tenants in
 * proportion to its capacity; without one, to a thousand). Called after the feed's counter was bumped: until the commit
 * nobody else places a tenant, so that a capacity is never exceeded.
 * @throws TenancyError no_server
 */
export async function chooseServer(client: pg.PoolClient, wish: PlacementWish): Promise<string> {
  const { rows } = await client.query<{ id: string }>(
    `with used as (
       select server_id, count(*) as tenants from placement where runtime_credential is not null group by server_id)
     select s.id from server s left join used u on u.server_id = s.id
      where s.kind = 'shared' and s.state = 'open' and coalesce(u.tenants, 0) < coalesce(s.capacity, 2147483647)
        and ($1::text is null or s.id = $1) and s.labels @> $2::jsonb
      order by coalesce(u.tenants, 0)::float / greatest(coalesce(s.capacity, 1000), 1), s.created_at, s.id
      limit 1`,
    [wish.server ?? null, JSON.stringify(wish.labels ?? {})],
  );
  const [chosen] = rows;
  if (chosen !== undefined) return chosen.id;
  const wanted = [
    ...(wish.server === undefined ? [] : [`with id ${wish.server}`]),
    ...Object.entries(wish.labels ?? {}).map(([key, value]) => `labelled ${key}=${value}`),
  ];
  throw new TenancyError(
    'no_server',
    `No open server ${wanted.join(', ')}${wanted.length === 0 ? '' : ' '}has room for another tenant: add one, reopen one, or raise a capacity.`,
  );
}
