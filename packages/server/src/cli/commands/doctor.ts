import { LedgerError } from '@cofferdam/core';
import { Command, InvalidArgumentError } from 'commander';
import { readConfig } from '../../config.js';
import { type AuditFinding, auditBooks } from '../../ledger/audit/audit-books.js';
import { installationChecks } from '../../tenancy/doctor/checks.js';
import { type Finding, runCheck } from '../../tenancy/doctor/finding.js';
import { findStore } from '../../tenancy/list-stores.js';
import { listTenantsWithBooks } from '../../tenancy/tenants-with-books.js';
import { CliError } from '../cli-error.js';
import { createLog } from '../log.js';
import { wholeNumber } from '../option-readers.js';
import type { Closers, Ground } from '../parts/part.js';
import { lookAtFleet, openFleet, openSingleStore, openTenantStore } from '../parts/stores.js';
import { createProgress, type Progress } from '../progress.js';
import { table } from '../table.js';
import { withGround } from '../with-ground.js';
import { databaseVariables, environmentHelp } from './environment-help.js';

interface Diagnosis {
  readonly store: string;
  readonly findings: readonly AuditFinding[];
  /** Why the books could not be audited, or not to the end. */
  readonly error?: string;
}

interface Examination {
  /** Of the installation: servers, rights, tenants; empty in single-tenant mode. */
  readonly findings: readonly Finding[];
  readonly books: readonly Diagnosis[];
}

interface Options {
  readonly only?: readonly string[];
  readonly skip?: readonly string[];
  readonly parallel: number;
  readonly json?: boolean;
}

const booksCheck = 'books';
const allChecks = [...installationChecks.map(({ id }) => id), booksCheck];

/** Examines the whole installation, and the books of every tenant under the tenant's own login. Changes nothing. */
export function doctorCommand(): Command {
  return new Command('doctor')
    .description('examines servers, rights, tenants and their books, and says of each finding what to do')
    .option('--only <checks>', 'these checks alone, separated by commas', readChecks)
    .option('--skip <checks>', 'all but these', readChecks)
    .option('--parallel <n>', 'tenants examined at the same time', wholeNumber(1, 99), 4)
    .option('--json', 'print the findings as JSON')
    .addHelpText(
      'after',
      `
Checks:
${installationChecks.map(({ id, what }) => `  ${id.padEnd(15)} ${what}`).join('\n')}
  ${booksCheck.padEnd(15)} debits and credits, balances, chains of operations, lost references, in every store

Exit codes: 0 nothing is wrong (warnings and notes may be), 1 something is, 2 wrong call.
${environmentHelp([...databaseVariables.filter((name) => name !== 'LOG_LEVEL'), 'MULTI_TENANT_MAX_CONNECTIONS'])}`,
    )
    .action(async (options: Options) => {
      const config = readConfig(process.env);
      const progress = createProgress();
      const examination = await withGround(config, createLog('error'), async (ground, closers) => {
        const findings = config.multiTenant ? await examine(ground, closers, progress, options) : [];
        const books = isWanted(options, booksCheck) ? await auditAll(ground, closers, progress, findings) : [];
        return { findings, books };
      });
      if (options.json) console.log(JSON.stringify(examination, undefined, 2));
      else print(examination);
      judge(examination);
    });
}

async function examine(ground: Ground, closers: Closers, progress: Progress, options: Options): Promise<Finding[]> {
  const prepared = await progress.step('control database', () => lookAtFleet(ground));
  const tools = {
    ...(await openFleet(ground, closers, prepared)),
    names: ground.names,
    templateDatabase: prepared.templateDatabase,
    connectionBudget: ground.config.connectionBudget,
    parallel: options.parallel,
    now: ground.now,
  };
  const findings: Finding[] = prepared.isPrepared ? [] : [notPrepared];
  for (const check of installationChecks.filter(({ id }) => isWanted(options, id)))
    findings.push(...(await progress.step(check.what, () => runCheck(check, tools, (text) => progress.say(text)))));
  return findings;
}

const notPrepared: Finding = {
  check: 'servers',
  severity: 'warning',
  subject: 'server default',
  problem: 'is not prepared for this build, or something in it has been opened to PUBLIC since',
  remedy: 'Start the server of this build, or run cofferdam migrate: both prepare it.',
};

function auditAll(ground: Ground, closers: Closers, progress: Progress, findings: Finding[]): Promise<Diagnosis[]> {
  return progress.step('books', async () => {
    const found: Diagnosis[] = [];
    const audit = async (store: string, open: () => Promise<Opened | undefined>): Promise<void> => {
      // A store that cannot be audited is one more thing to tell; the others are audited all the same.
      let opened: Opened | undefined;
      try {
        opened = await open();
        if (opened === undefined) return;
        found.push({ store, findings: await auditBooks(opened.context, (rule) => progress.say(`${store}: ${rule}`)) });
      } catch (error) {
        found.push({ store, findings: [], error: reasonOf(error) });
      } finally {
        await opened?.close();
      }
    };
    if (!ground.config.multiTenant) {
      await audit('single-tenant', async () => {
        const { context, isCurrent } = await openSingleStore(ground, closers, { onlyLook: true });
        if (!isCurrent) findings.push(notPrepared);
        return { context, close: async () => {} };
      });
      return found;
    }
    const fleet = await openFleet(ground, closers, await lookAtFleet(ground));
    for (const { id } of await listTenantsWithBooks(fleet.control.pool))
      await audit(id, async () => {
        const store = await findStore(fleet, id);
        return store && openTenantStore(store);
      });
    return found;
  });
}

/** For an operator: what PostgreSQL said, which a client of the API is not told. */
function reasonOf(error: unknown): string {
  const cause = error instanceof LedgerError && error.info.log instanceof Error ? error.info.log : error;
  return cause instanceof Error ? cause.message : String(cause);
}

type Opened = ReturnType<typeof openTenantStore>;

function print({ findings, books }: Examination): void {
  for (const { severity, subject, problem, remedy } of findings)
    console.log(`${severity.padEnd(8)}${subject}: ${problem}\n        ${remedy}`);
  if (books.length > 0) {
    const rows = books.flatMap(({ store, findings: broken, error }) =>
      error !== undefined
        ? [[store, `could not be audited: ${error}`, '', '']]
        : broken.length === 0
          ? [[store, 'all rules hold', 0, '']]
          : broken.map(({ rule, count, example }) => [store, rule, count, example]),
    );
    console.log(table(rows, ['store', 'rule', 'rows', 'first']));
  }
  const count = (severity: string) => findings.filter((finding) => finding.severity === severity).length;
  console.log(`${count('error')} errors, ${count('warning')} warnings, ${count('note')} notes`);
}

function judge({ findings, books }: Examination): void {
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  const broken = books.filter((store) => store.findings.length > 0).length;
  const closed = books.filter(({ error }) => error !== undefined).length;
  if (broken > 0)
    throw new CliError(
      `${broken} of ${books.length} stores have findings: restore from a backup or correct by hand, and report it`,
    );
  if (closed > 0)
    throw new CliError(
      `${closed} of ${books.length} stores could not be audited: see why, and what the other checks say of them`,
    );
  if (errors > 0) throw new CliError(`${errors} things are wrong; each says what to do`);
}

function isWanted({ only, skip }: Options, id: string): boolean {
  return (only?.includes(id) ?? true) && !(skip?.includes(id) ?? false);
}

function readChecks(text: string): string[] {
  const ids = text.split(',').map((id) => id.trim());
  const unknown = ids.filter((id) => !allChecks.includes(id));
  if (unknown.length > 0) throw new InvalidArgumentError(`${unknown.join(', ')}: there are ${allChecks.join(', ')}.`);
  return ids;
}
