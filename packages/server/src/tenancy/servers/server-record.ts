import type pg from 'pg';
import type { TlsSettings } from '../../postgres/connection-settings.js';
import { type Address, PrimaryAddress } from '../../postgres/primary-address.js';

export type Replica = Address;

/** A PostgreSQL server that holds tenants, as operators see it. */
export interface ServerRecord {
  readonly id: string;
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSettings | null;
  /** `draining`: takes no new tenants; those it has stay and are served. */
  readonly state: 'open' | 'draining';
  readonly kind: 'shared' | 'given';
  /** Tenants at most; null: no bound. */
  readonly capacity: number | null;
  readonly labels: Readonly<Record<string, string>>;
  readonly replicas: readonly Replica[];
  /** Tenants whose books are there. */
  readonly tenants: number;
  readonly version: number;
  readonly createdAt: string;
  readonly updatedAt: string;
}

/** How a server is administered, credential sealed. */
export interface AdminRecord {
  readonly id: string;
  readonly kind: 'shared' | 'given';
  readonly host: string;
  readonly port: number;
  readonly tls: TlsSettings | null;
  readonly user: string;
  readonly database: string;
  readonly credential: string;
  readonly replicas: readonly Replica[];
  readonly version: number;
}

type Client = pg.PoolClient | pg.Pool;

/** After a promotion the primary is where a replica was. Undefined: there are no replicas. */
export function addressesOf(primary: Address, replicas: readonly Address[]): PrimaryAddress | undefined {
  if (replicas.length === 0) return undefined;
  // jsonb's numbers may have come as ones that keep their digits.
  const plain = [primary, ...replicas].map(({ host, port }) => Object.freeze({ host, port: Number(port) }));
  return new PrimaryAddress(plain as [Address, ...Address[]]);
}

export async function findAdminRecord(client: Client, id: string): Promise<AdminRecord | undefined> {
  const { rows } = await client.query<AdminRecord>(
    `select id, kind, host, port, tls, admin_user as user, admin_database as database, admin_credential as credential, replicas, version
       from server where id = $1 and admin_credential is not null`,
    [id],
  );
  return rows[0];
}

const columns = /* sql */ `s.id, s.host, s.port, s.tls, s.state, s.kind, s.capacity, s.labels, s.replicas, s.version,
  s.created_at as "createdAt", s.updated_at as "updatedAt",
  (select count(*)::integer from placement p where p.server_id = s.id and p.runtime_credential is not null) as tenants`;

export async function listServers(client: Client): Promise<ServerRecord[]> {
  return (await client.query<ServerRecord>(`select ${columns} from server s order by s.created_at, s.id`)).rows;
}

export async function findServer(client: Client, id: string): Promise<ServerRecord | undefined> {
  return (await client.query<ServerRecord>(`select ${columns} from server s where s.id = $1`, [id])).rows[0];
}
