import { createHash } from 'node:crypto';
import type { TenantId } from '@cofferdam/core';
import PQueue from 'p-queue';
import { isContract, lastExpand } from '../../postgres/migration.js';
import { inStore } from '../in-store.js';
import { getPlacement, type Placement } from '../placement.js';
import { listTenantsWithBooks } from '../tenants-with-books.js';
import type { FleetTools } from './migrate-one.js';
import { referenceStructure } from './reference-structure.js';
import { compareStructures, fingerprintStructure, reading, readStructure } from './structure.js';

export interface DriftOptions {
  readonly parallel?: number;
  readonly onProgress?: (done: number, total: number) => void;
}

export interface DriftReport {
  readonly compared: number;
  /** Of those, tenants that wait for a migration: compared with what their own version should be. */
  readonly behind: number;
  readonly drifted: readonly { readonly tenantId: TenantId; readonly differences: readonly string[] }[];
  readonly failed: readonly { readonly tenantId: TenantId; readonly error: string }[];
  readonly ms: number;
}

interface Reference {
  readonly lines: readonly string[];
  readonly fingerprint: string;
}

type DriftTools = Pick<FleetTools, 'control' | 'admin' | 'ledgerMigrations' | 'runtimeGrants'>;

/**
 * Compares the structure of every tenant's store (tables, columns, constraints, indexes, triggers, functions, rights) with
 * what the migrations of its version make. One value a tenant is read; lines only where that differs.
 */
export async function findDrift(tools: DriftTools, options: DriftOptions): Promise<DriftReport> {
  const start = performance.now();
  const tenants = await listTenantsWithBooks(tools.control.pool);
  const references = new Map<string, Promise<Reference>>();
  const drifted: { tenantId: TenantId; differences: readonly string[] }[] = [];
  const failed: { tenantId: TenantId; error: string }[] = [];
  const queue = new PQueue({ concurrency: options.parallel ?? 4 });
  let [done, behind] = [0, 0];
  await queue.addAll(
    tenants.map(({ id: tenantId }) => async () => {
      try {
        const placement = await getPlacement(tools.control.pool, tenantId);
        if (placement.schemaVersion !== (lastExpand(tools.ledgerMigrations) ?? null)) behind += 1;
        const differences = await driftOf(tools, placement, references);
        if (differences.length > 0) drifted.push({ tenantId, differences });
      } catch (error) {
        failed.push({ tenantId, error: error instanceof Error ? error.message : String(error) });
      }
      done += 1;
      options.onProgress?.(done, tenants.length);
    }),
  );
  return {
    compared: tenants.length - failed.length,
    behind,
    drifted,
    failed,
    ms: Math.round(performance.now() - start),
  };
}

async function driftOf(
  { admin, ledgerMigrations, runtimeGrants }: DriftTools,
  placement: Placement,
  references: Map<string, Promise<Reference>>,
): Promise<string[]> {
  const { serverId, schemaVersion, contractVersion, store } = placement;
  const server = await admin.server(serverId);
  const key = JSON.stringify([serverId, schemaVersion, contractVersion]);
  const makeReference = async (): Promise<Reference> => {
    const applied = ledgerMigrations.filter(
      (migration) => migration.id <= ((isContract(migration) ? contractVersion : schemaVersion) ?? ''),
    );
    const lines = await inStore(server, store, (client) => referenceStructure(client, applied, runtimeGrants));
    return { lines, fingerprint: createHash('md5').update(lines.join('\n')).digest('hex') };
  };
  // One that could not be made in the store of another tenant says nothing about this one's.
  const shared = references.get(key);
  let wanted = shared === undefined ? undefined : await shared.catch(() => undefined);
  if (wanted === undefined) {
    const made = makeReference();
    references.set(key, made);
    wanted = await made;
  }
  return inStore(server, store, (client) =>
    reading(client, async () => {
      if ((await fingerprintStructure(client, store)) === wanted.fingerprint) return [];
      const differences = compareStructures(wanted.lines, await readStructure(client, store));
      return differences.length > 0 ? differences : ['the order of its objects differs'];
    }),
  );
}
