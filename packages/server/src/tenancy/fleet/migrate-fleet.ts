import type { TenantId } from '@cofferdam/core';
import PQueue from 'p-queue';
import { lastContract, lastExpand } from '../../postgres/migration.js';
import { OperatorError } from '../../postgres/operator-error.js';
import { withBooks } from '../tenants-with-books.js';
import { type HeldContracts, heldContracts } from './held-contracts.js';
import { type FleetTools, migrateOne, type Patience, recordFailure } from './migrate-one.js';

export interface FleetOptions extends Partial<Patience> {
  /** Tenants worked at at the same time. Default 4. */
  readonly parallel?: number;
  /** Tenants that go first; when one of them fails, the others are left alone. A number: the oldest active ones. */
  readonly canary?: number | readonly string[];
  /** Stop when more than this share of those tried has failed, three at least. Default 0.05. */
  readonly failureRatioMax?: number;
  /** Login of the ledger processes on the control database; undefined: contract migrations run whatever is running. */
  readonly readerLogin: string | undefined;
  readonly onProgress?: (done: number, total: number, failed: number) => void;
}

export interface MigratedTenant {
  readonly tenantId: TenantId;
  readonly phase: 'canary' | 'fleet';
  readonly from: string | null;
  readonly ms: number;
  readonly attempts?: number;
  /** Undefined: up to date now. */
  readonly error?: string;
}

export interface FleetReport {
  /** Where the books should be; null: this build has no migrations. */
  readonly head: string | null;
  /** Tenants that have books. */
  readonly tenants: number;
  readonly results: readonly MigratedTenant[];
  /** Why tenants that are behind were left alone. */
  readonly stopped?: string;
  readonly leftAlone: number;
  /** Contract migrations that wait for older builds to end. */
  readonly held: readonly string[];
  readonly heldReason?: string;
}

interface Behind {
  readonly id: TenantId;
  readonly from: string | null;
}

const defaults: Patience = { lockTimeoutMs: 200, patienceMs: 60_000 };
const passesMax = 3;

/**
 * Brings the books of all tenants up to date, suspended ones too; who is behind is decided from the versions in the control
 * database, so that nothing to do costs one query. May be killed at any point and run again. A tenant that fails is
 * reported, recorded, and left where it was; the others go on.
 */
export async function migrateFleet(tools: FleetTools, options: FleetOptions): Promise<FleetReport> {
  const { control, ledgerMigrations } = tools;
  const held: HeldContracts =
    options.readerLogin === undefined
      ? { ids: new Set() }
      : await heldContracts(control.pool, ledgerMigrations, options.readerLogin);
  const head = {
    expand: lastExpand(ledgerMigrations) ?? null,
    contract: lastContract(ledgerMigrations.filter(({ id }) => !held.ids.has(id))) ?? null,
  };
  const run = new FleetRun(tools, options, held.ids);
  if (typeof options.canary === 'object') await refuseUnknown(tools, options.canary);
  const first = await listBehind(tools, head);
  const canaries = await chooseCanaries(first, options.canary);
  await run.work(canaries, 'canary', first.length);
  if (run.failed > 0) run.stop(`${run.failed} of ${canaries.length} canaries failed`);
  let behind = first.filter(({ id }) => !run.tried.has(id));
  // Again for those that a process of an older build made in the meantime.
  for (let pass = 1; behind.length > 0 && run.stopped === undefined && pass <= passesMax; pass += 1) {
    await run.work(behind, 'fleet', run.tried.size + behind.length);
    behind = (await listBehind(tools, head)).filter(({ id }) => !run.tried.has(id));
  }
  return {
    head: head.expand,
    tenants: await countTenants(tools),
    results: run.results,
    ...(run.stopped === undefined ? {} : { stopped: run.stopped }),
    leftAlone: run.stopped === undefined ? 0 : first.filter(({ id }) => !run.tried.has(id)).length,
    held: [...held.ids],
    ...(held.reason === undefined ? {} : { heldReason: held.reason }),
  };
}

class FleetRun {
  readonly results: MigratedTenant[] = [];
  readonly tried = new Set<TenantId>();
  failed = 0;
  stopped: string | undefined;
  readonly #tools: FleetTools;
  readonly #options: FleetOptions;
  readonly #held: ReadonlySet<string>;

  constructor(tools: FleetTools, options: FleetOptions, held: ReadonlySet<string>) {
    this.#tools = tools;
    this.#options = options;
    this.#held = held;
  }

  stop(why: string): void {
    this.stopped ??= why;
  }

  async work(tenants: readonly Behind[], phase: MigratedTenant['phase'], total: number): Promise<void> {
    const queue = new PQueue({ concurrency: this.#options.parallel ?? 4 });
    const one = async (tenant: Behind) => {
      if (this.stopped !== undefined) return;
      await this.#migrate(tenant, phase);
      this.#options.onProgress?.(this.results.length, total, this.failed);
      const ratio = this.#options.failureRatioMax ?? 0.05;
      if (phase === 'fleet' && this.failed >= 3 && this.failed > this.tried.size * ratio)
        this.stop(`${this.failed} of ${this.tried.size} tenants failed, more than ${ratio * 100} %`);
    };
    await queue.addAll(tenants.map((tenant) => () => one(tenant)));
  }

  async #migrate({ id: tenantId, from }: Behind, phase: MigratedTenant['phase']): Promise<void> {
    this.tried.add(tenantId);
    const start = performance.now();
    const done = (rest: Pick<MigratedTenant, 'attempts' | 'error'>) =>
      this.results.push({ tenantId, phase, from, ms: Math.round(performance.now() - start), ...rest });
    try {
      done({ attempts: await migrateOne(this.#tools, tenantId, this.#held, { ...defaults, ...this.#options }) });
    } catch (error) {
      if (!(await hasBooks(this.#tools, tenantId))) return; // purged meanwhile
      const text = error instanceof Error ? error.message : String(error);
      this.failed += 1;
      done({ error: text });
      await recordFailure(this.#tools, tenantId, text);
    }
  }
}

/** Books that a newer build has brought further are not behind: this build works on them, or says so tenant by tenant. */
async function listBehind(
  { control }: FleetTools,
  head: { readonly expand: string | null; readonly contract: string | null },
): Promise<Behind[]> {
  const { rows } = await control.pool.query<Behind>(
    `select t.id, p.schema_version as from from tenant t join placement p on p.tenant_id = t.id
      where ${withBooks}
        and (coalesce(p.schema_version, '') < coalesce($1, '') or coalesce(p.contract_version, '') < coalesce($2, ''))
      order by t.status <> 'active', t.created_at, t.id`,
    [head.expand, head.contract],
  );
  return rows;
}

function chooseCanaries(behind: readonly Behind[], canary: FleetOptions['canary'] = 0): readonly Behind[] {
  if (typeof canary === 'number') return behind.slice(0, canary);
  return behind.filter(({ id }) => canary.includes(id));
}

/** A canary that does not exist would let the whole fleet go first. @throws OperatorError */
async function refuseUnknown({ control }: FleetTools, canaries: readonly string[]): Promise<void> {
  const { rows } = await control.pool.query<{ id: string }>(
    `select id from unnest($1::text[]) as wanted(id)
      where not exists (select from tenant t join placement p on p.tenant_id = t.id where t.id = wanted.id and ${withBooks})`,
    [canaries],
  );
  if (rows.length > 0)
    throw new OperatorError(
      `no tenant with books has the id ${rows.map(({ id }) => id).join(', ')}: name canaries by the ids that \`cofferdam tenants list\` shows`,
    );
}

async function countTenants({ control }: FleetTools): Promise<number> {
  const { rows } = await control.pool.query<{ count: number }>(
    `select count(*)::int as count from tenant t join placement p on p.tenant_id = t.id where ${withBooks}`,
  );
  return rows[0]?.count ?? 0;
}

async function hasBooks({ control }: FleetTools, tenantId: TenantId): Promise<boolean> {
  const { rowCount } = await control.pool.query(
    `select from tenant t join placement p on p.tenant_id = t.id
      where t.id = $1 and ${withBooks}`,
    [tenantId],
  );
  return rowCount === 1;
}
