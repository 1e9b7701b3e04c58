import type { TenantId } from '@cofferdam/core';
import type pg from 'pg';
import { TenancyError } from './tenancy-error.js';

export const operationKinds = [
  'tenant.provision',
  'tenant.adopt',
  'tenant.rotate',
  'tenant.move',
  'tenant.purge',
  'association.purge',
  'fleet.migrate',
] as const;
export type OperationKind = (typeof operationKinds)[number];

/** `waiting`: begins by itself after `notBefore`. The last three are final. */
export const operationStates = ['waiting', 'running', 'succeeded', 'failed', 'cancelled'] as const;
export type OperationState = (typeof operationStates)[number];

/** Something that takes longer than a request, as stored. */
export interface Operation {
  readonly id: string;
  readonly kind: OperationKind;
  readonly tenantId: TenantId | null;
  readonly state: OperationState;
  readonly step: string | null;
  readonly done: number;
  readonly total: number;
  readonly attempts: number;
  readonly actor: string;
  /** What a later step needs to know; shown to operators. */
  readonly details: Readonly<Record<string, unknown>>;
  /** Ciphertext of what a later step needs; null when there is none, or when finished. */
  readonly input: string | null;
  readonly error: string | null;
  readonly notBefore: string | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly finishedAt: string | null;
}

type Client = pg.PoolClient | pg.Pool;

const columns = /* sql */ `id, kind, tenant_id as "tenantId", state, step, done, total, attempts, actor, details, input, error,
  not_before as "notBefore", created_at as "createdAt", updated_at as "updatedAt", finished_at as "finishedAt"`;

export interface NewOperation {
  /** UUIDv7: lists are in its order. */
  readonly id: string;
  readonly kind: OperationKind;
  readonly tenantId?: TenantId;
  readonly actor: string;
  /** Steps, or tenants. */
  readonly total: number;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly input?: string;
  /** Given: the operation waits until then. */
  readonly notBefore?: string;
  readonly at: string;
}

/** Only one unfinished operation of a kind for a tenant: a unique violation of `operation_unfinished` otherwise. */
export async function beginOperation(client: Client, operation: NewOperation): Promise<void> {
  await client.query(
    `insert into operation (id, kind, tenant_id, state, total, actor, details, input, not_before, created_at, updated_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $10)`,
    [
      operation.id,
      operation.kind,
      operation.tenantId ?? null,
      operation.notBefore === undefined ? 'running' : 'waiting',
      operation.total,
      operation.actor,
      JSON.stringify(operation.details ?? {}),
      operation.input ?? null,
      operation.notBefore ?? null,
      operation.at,
    ],
  );
}

/** Records how far it is; seen by whoever asks, and where a killed one goes on. */
export async function recordProgress(
  client: Client,
  id: string,
  progress: {
    readonly step: string;
    readonly done: number;
    readonly total?: number;
    /** Merged into what is there. */
    readonly details?: Readonly<Record<string, unknown>>;
  },
): Promise<void> {
  await client.query(
    `update operation set step = $2, done = $3, total = coalesce($4, total), details = details || $5, updated_at = now()
      where id = $1 and state in ('waiting', 'running')`,
    [id, progress.step, progress.done, progress.total ?? null, JSON.stringify(progress.details ?? {})],
  );
}

/** Ends it for good; one that has ended stays as it is. Secrets are forgotten. */
export async function finishOperation(
  client: Client,
  id: string,
  end: { readonly state: 'succeeded' | 'failed' | 'cancelled'; readonly error?: string; readonly at: string },
): Promise<void> {
  await client.query(
    `update operation set state = $2, error = $3, input = null, finished_at = $4, updated_at = $4,
            done = case when $2 = 'succeeded' then total else done end
      where id = $1 and state in ('waiting', 'running')`,
    [id, end.state, end.error ?? null, end.at],
  );
}

/** The same for a tenant's operation of a kind, should there be one. */
export async function finishUnfinished(
  tx: { readonly client: pg.PoolClient; readonly at: string },
  tenantId: TenantId,
  kind: OperationKind,
  end: { readonly state: 'succeeded' | 'failed' | 'cancelled'; readonly error?: string },
): Promise<void> {
  const operation = await findUnfinished(tx.client, tenantId, kind);
  if (operation !== undefined) await finishOperation(tx.client, operation.id, { ...end, at: tx.at });
}

export async function findUnfinished(
  client: Client,
  tenantId: TenantId,
  kind: OperationKind,
): Promise<Operation | undefined> {
  const { rows } = await client.query<Operation>(
    `select ${columns} from operation where tenant_id = $1 and kind = $2 and state in ('waiting', 'running')`,
    [tenantId, kind],
  );
  return rows[0];
}

/** @throws TenancyError operation_not_found */
export async function getOperation(client: Client, id: string): Promise<Operation> {
  const { rows } = await client.query<Operation>(`select ${columns} from operation where id = $1`, [id]);
  const [operation] = rows;
  if (operation === undefined) throw new TenancyError('operation_not_found', 'No operation has this id.');
  return operation;
}

/** Newest first, `before` excluded. */
export async function listOperations(
  client: Client,
  page: {
    readonly limit: number;
    readonly before?: string;
    readonly tenantId?: TenantId;
    readonly kind?: OperationKind;
    readonly state?: OperationState;
  },
): Promise<Operation[]> {
  const { rows } = await client.query<Operation>(
    `select ${columns} from operation
      where ($1::text is null or id collate "C" < $1) and ($2::text is null or tenant_id = $2)
        and ($3::text is null or kind = $3) and ($4::text is null or state = $4)
      order by id collate "C" desc limit $5`,
    [page.before ?? null, page.tenantId ?? null, page.kind ?? null, page.state ?? null, page.limit],
  );
  return rows;
}
