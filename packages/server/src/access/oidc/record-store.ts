import { createHash } from 'node:crypto';
import type { TenantId } from '@cofferdam/core';
import type { Adapter, AdapterPayload } from 'oidc-provider';
import { type AccessStore, type DirectoryTx, withDirectory } from '../directory/with-directory.js';
import { findLoginClient } from './login-clients.js';

export interface RecordStoreOptions {
  readonly store: AccessStore;
  readonly tenantId: TenantId;
  readonly now: () => Date;
}

export function hashOfRecord(id: string): Buffer {
  return createHash('sha256').update(id, 'utf8').digest();
}

/**
 * oidc-provider's storage of one kind of thing for one tenant. Ids are secrets (codes, cookies) and are kept as hashes.
 * Clients are applications of the directory that have redirect URIs.
 */
export function createRecordStore(kind: string, { store, tenantId, now }: RecordStoreOptions): Adapter {
  const within = <T>(fn: (tx: DirectoryTx) => Promise<T>) => withDirectory(store, tenantId, fn);
  const rows = ({ db }: DirectoryTx) =>
    db
      .selectFrom('oidc_record')
      .select(['payload', 'consumed_at'])
      .where('tenant_id', '=', tenantId)
      .where('kind', '=', kind)
      .where('expires_at', '>', now().toISOString());
  const read = (row: { payload: string; consumed_at: string | null } | undefined, id?: string) => {
    if (row === undefined) return undefined;
    const payload = JSON.parse(row.payload) as AdapterPayload;
    return {
      ...payload,
      ...(id !== undefined && { jti: id }),
      ...(row.consumed_at !== null && { consumed: Math.floor(Date.parse(row.consumed_at) / 1_000) }),
    };
  };

  return {
    async upsert(id, { jti: _, ...payload }, expiresIn) {
      const values = {
        uid: payload.uid ?? null,
        grant_id: payload.grantId ?? null,
        payload: JSON.stringify(payload),
        expires_at: new Date(now().getTime() + (expiresIn ?? 600) * 1_000),
      };
      await within(({ db }) =>
        db
          .insertInto('oidc_record')
          .values({ tenant_id: tenantId, kind, id_hash: hashOfRecord(id), ...values })
          .onConflict((conflict) => conflict.columns(['tenant_id', 'kind', 'id_hash']).doUpdateSet(values))
          .execute(),
      );
    },
    async find(id) {
      if (kind === 'Client') return within((tx) => findLoginClient(tx, id, now()));
      return read(await within((tx) => rows(tx).where('id_hash', '=', hashOfRecord(id)).executeTakeFirst()), id);
    },
    async findByUid(uid) {
      return read(await within((tx) => rows(tx).where('uid', '=', uid).executeTakeFirst()));
    },
    async findByUserCode() {
      return undefined; // the device flow is off
    },
    async consume(id) {
      await within(({ db }) =>
        db
          .updateTable('oidc_record')
          .set({ consumed_at: now() })
          .where('tenant_id', '=', tenantId)
          .where('kind', '=', kind)
          .where('id_hash', '=', hashOfRecord(id))
          .execute(),
      );
    },
    async destroy(id) {
      await within(({ db }) =>
        db
          .deleteFrom('oidc_record')
          .where('tenant_id', '=', tenantId)
          .where('kind', '=', kind)
          .where('id_hash', '=', hashOfRecord(id))
          .execute(),
      );
    },
    async revokeByGrantId(grantId) {
      await within(({ db }) =>
        db.deleteFrom('oidc_record').where('tenant_id', '=', tenantId).where('grant_id', '=', grantId).execute(),
      );
    },
  };
}
