import { Gauge, type Registry } from 'prom-client';
import type { ControlDatabase } from './control-database.js';

/** How far the tenants' books are, read from the control database when Prometheus asks (tenancy §11.1). */
export function watchFleet(registry: Registry, control: ControlDatabase): void {
  new Gauge({
    name: 'tenant_migration_version',
    help: 'Tenants by the last migration of their books.',
    labelNames: ['version'],
    registers: [registry],
    async collect() {
      const rows = await counts(
        control,
        `select coalesce(schema_version, 'none') as label, count(*) as n
         from placement join tenant on tenant.id = tenant_id where status not in ('deleted') group by 1`,
      );
      this.reset();
      for (const { label, n } of rows) this.set({ version: label }, Number(n));
    },
  });
  new Gauge({
    name: 'tenants',
    help: 'Tenants by status.',
    labelNames: ['status'],
    registers: [registry],
    async collect() {
      const rows = await counts(
        control,
        `select status as label, count(*) as n from tenant where status <> 'deleted' group by 1`,
      );
      this.reset();
      for (const { label, n } of rows) this.set({ status: label }, Number(n));
    },
  });
}

/** Metrics must be readable most of all when a database is not. */
async function counts({ pool }: ControlDatabase, text: string): Promise<{ label: string; n: number }[]> {
  try {
    return (await pool.query<{ label: string; n: number }>(text)).rows;
  } catch {
    return [];
  }
}
