import { Command, InvalidArgumentError } from 'commander';
import { readConfig } from '../../config.js';
import { type DriftReport, findDrift } from '../../tenancy/fleet/find-drift.js';
import type { FleetOptions, FleetReport } from '../../tenancy/fleet/migrate-fleet.js';
import { migrateRecorded } from '../../tenancy/fleet/migrate-recorded.js';
import { CliError } from '../cli-error.js';
import { createCommandLog } from '../log.js';
import { wholeNumber } from '../option-readers.js';
import { openAccessDatabase } from '../parts/access-part.js';
import type { Closers, Ground } from '../parts/part.js';
import { openFleet, openSingleStore } from '../parts/stores.js';
import { createProgress, type Progress } from '../progress.js';
import { progressBar } from '../progress-bar.js';
import { withGround } from '../with-ground.js';
import { databaseVariables, environmentHelp } from './environment-help.js';

interface Options {
  readonly parallel: number;
  readonly canary: number | readonly string[];
  readonly failureRatio: number;
  readonly lockTimeout: number;
  readonly patience: number;
  readonly contractNow?: boolean;
  readonly drift?: boolean;
  readonly json?: boolean;
}

export function migrateCommand(): Command {
  return new Command('migrate')
    .description('brings every database up to date: the books of the one tenant, or of all of them')
    .option('--parallel <n>', 'tenants worked at at the same time', wholeNumber(1, 64), 4)
    .option(
      '--canary <n|ids>',
      'tenants that go first, a number or ids separated by commas; when one fails, the others are left alone',
      readCanary,
      1,
    )
    .option('--failure-ratio <share>', 'stop when more than this share has failed (three at least)', readShare, 0.05)
    .option('--lock-timeout <ms>', 'longest that requests wait behind one attempt', wholeNumber(10, 60_000), 200)
    .option(
      '--patience <s>',
      'how long to go on trying for a lock before a tenant counts as failed',
      wholeNumber(0, 3_600),
      60,
    )
    .option('--contract-now', 'run contract migrations although processes of an older build may be running')
    .option('--drift', 'change nothing: compare every tenant’s tables, indexes and rights with what migrations make')
    .option('--json', 'print the report as JSON')
    .addHelpText(
      'after',
      `
Can be stopped at any point and run again. Exit codes: 0 all is up to date (with --drift: alike), 1 something is not, 2 wrong call.
See docs/runbooks/migrate.md.
${environmentHelp(databaseVariables)}`,
    )
    .action(async (options: Options) => {
      const config = readConfig(process.env);
      const log = createCommandLog(config.logLevel);
      const progress = createProgress();
      if (options.drift && !config.multiTenant)
        throw new CliError(
          '--drift compares tenants: set MULTI_TENANT_ENABLED=true. A single store is checked by doctor',
        );
      await withGround(config, log, (ground, closers) =>
        options.drift
          ? showDrift(ground, closers, progress, options)
          : bringUpToDate(ground, closers, progress, options),
      );
    });
}

async function bringUpToDate(ground: Ground, closers: Closers, progress: Progress, options: Options): Promise<void> {
  await progress.step('access database', () => openAccessDatabase(ground));
  if (!ground.config.multiTenant) {
    await progress.step('books', () => openSingleStore(ground, closers));
    console.log(options.json ? JSON.stringify({ tenants: 1, results: [] }) : 'the books are up to date');
    return;
  }
  const fleet = await progress.step('control database', () => openFleet(ground, closers));
  const report = await progress.step('books', () =>
    migrateRecorded(fleet, {
      actor: 'operator (cofferdam migrate)',
      newId: ground.newId,
      now: ground.now,
      parallel: options.parallel,
      failureRatioMax: options.failureRatio,
      lockTimeoutMs: options.lockTimeout,
      patienceMs: options.patience * 1_000,
      readerLogin: options.contractNow ? undefined : ground.names.role('control_reader'),
      onProgress: (done, total, failed) => progress.say(progressBar(done, total, failed)),
      canary: options.canary,
    }),
  );
  if (options.json) console.log(JSON.stringify(report, undefined, 2));
  else printReport(report);
  const failed = report.results.filter(({ error }) => error !== undefined).length;
  if (failed > 0 || report.stopped !== undefined)
    throw new CliError(
      `${failed + report.leftAlone} of ${report.tenants} tenants are not up to date; a build that needs it answers them 503 until they are`,
    );
}

function printReport({ head, tenants, results, stopped, leftAlone, heldReason }: FleetReport): void {
  const failed = results.filter(({ error }) => error !== undefined);
  for (const { tenantId, from, error } of failed) console.log(`${tenantId}  at ${from ?? 'nothing'}  ${error}`);
  if (stopped !== undefined) console.log(`stopped: ${stopped}; ${leftAlone} tenants were left alone`);
  if (heldReason !== undefined) console.log(`held back: ${heldReason}`);
  const already = tenants - results.length - leftAlone;
  console.log(
    `${head ?? 'no migrations'}: ${results.length - failed.length} tenants brought up to date, ${already} already were, ${failed.length} failed`,
  );
}

async function showDrift(ground: Ground, closers: Closers, progress: Progress, options: Options): Promise<void> {
  const fleet = await progress.step('control database', () => openFleet(ground, closers));
  const report = await progress.step('comparing', () =>
    findDrift(fleet, {
      parallel: options.parallel,
      onProgress: (done, total) => progress.say(progressBar(done, total)),
    }),
  );
  if (options.json) console.log(JSON.stringify(report, undefined, 2));
  else printDrift(report);
  if (report.drifted.length > 0 || report.failed.length > 0)
    throw new CliError(
      `${report.drifted.length} tenants differ from what migrations make, ${report.failed.length} could not be looked at`,
    );
}

function printDrift({ compared, behind, drifted, failed, ms }: DriftReport): void {
  for (const { tenantId, differences } of drifted)
    for (const difference of differences) console.log(`${tenantId}  ${difference}`);
  for (const { tenantId, error } of failed) console.log(`${tenantId}  could not be looked at: ${error}`);
  const later = behind > 0 ? `; ${behind} are behind and were compared with their own version` : '';
  console.log(`${compared} tenants compared in ${(ms / 1000).toFixed(1)} s, ${drifted.length} differ${later}`);
}

function readShare(text: string): number {
  const value = /^(0(\.\d+)?|1(\.0+)?)$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(value)) throw new InvalidArgumentError('give a share from 0 to 1, such as 0.05.');
  return value;
}

function readCanary(text: string): NonNullable<FleetOptions['canary']> {
  if (/^\d{1,5}$/.test(text)) return Number(text);
  const ids = text.split(',').map((id) => id.trim().replaceAll('-', '').toLowerCase());
  if (ids.some((id) => !/^[0-9a-z_]{1,256}$/.test(id)))
    throw new InvalidArgumentError('give a number, or ids of tenants separated by commas.');
  return ids;
}
