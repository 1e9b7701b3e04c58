import { beginOperation, finishOperation, recordProgress } from '../operations.js';
import { type FleetOptions, type FleetReport, migrateFleet } from './migrate-fleet.js';
import type { FleetTools } from './migrate-one.js';

export interface RecordedFleetOptions extends FleetOptions {
  /** Who began it, for operators who look. */
  readonly actor: string;
  /** UUIDv7. */
  readonly newId: () => string;
  readonly now: () => Date;
}

const recordEveryMs = 500;

/**
 * `migrateFleet` as an operation that operators can follow (`GET /v1/operations?kind=fleet.migrate`). Nothing to do leaves no
 * operation. One that was killed is called off by the next run, which takes up what is left.
 */
export async function migrateRecorded(tools: FleetTools, options: RecordedFleetOptions): Promise<FleetReport> {
  const { control } = tools;
  const { actor, newId, now } = options;
  const id = newId();
  // In order, one after the other, and never in the way of the migrations themselves.
  let records: Promise<unknown> = Promise.resolve();
  let recordedAt = Number.NEGATIVE_INFINITY;
  let begun = false;
  const begin = async (total: number) => {
    await control.pool.query(
      `update operation set state = 'cancelled', error = 'the process ended; another run went on', finished_at = now(), updated_at = now()
        where kind = 'fleet.migrate' and state = 'running'`,
    );
    await beginOperation(control.pool, { id, kind: 'fleet.migrate', actor, total, at: now().toISOString() });
  };
  const record = (done: number, total: number, failed: number): void => {
    if (!begun) records = records.then(() => begin(total));
    begun = true;
    if (performance.now() - recordedAt < recordEveryMs && done < total) return;
    recordedAt = performance.now();
    records = records.then(() => recordProgress(control.pool, id, { step: 'books', done, total, details: { failed } }));
    records.catch(() => {}); // told at the end
  };
  const finish = async (end: { state: 'succeeded' | 'failed'; error?: string }) => {
    await records;
    if (begun) await finishOperation(control.pool, id, { ...end, at: now().toISOString() });
  };

  let report: FleetReport;
  try {
    report = await migrateFleet(tools, {
      ...options,
      onProgress(done, total, failed) {
        options.onProgress?.(done, total, failed);
        record(done, total, failed);
      },
    });
  } catch (error) {
    await finish({ state: 'failed', error: error instanceof Error ? error.message : String(error) }).catch(() => {});
    throw error;
  }
  if (!begun) await endForgotten(tools);
  const failed = report.results.filter(({ error }) => error !== undefined).length;
  const why = report.stopped ?? (failed > 0 ? `${failed} tenants failed` : undefined);
  await finish(why === undefined ? { state: 'succeeded' } : { state: 'failed', error: why });
  return report;
}

/** One that was killed after its last tenant: with nothing left to do no run would begin, and call it off. */
async function endForgotten({ control }: FleetTools): Promise<void> {
  await control.pool.query(
    `update operation set state = 'cancelled', error = 'the process ended; nothing was left to do', finished_at = now(), updated_at = now()
      where kind = 'fleet.migrate' and state = 'running' and updated_at < now() - interval '10 seconds'`,
  );
}
