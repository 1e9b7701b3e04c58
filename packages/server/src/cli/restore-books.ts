import { auditBooks } from '../ledger/audit/audit-books.js';
import { importBooks } from '../ledger/exit/import-books.js';
import { damagedFiles, type Label, sealedSource } from '../ledger/exit/sealed-folder.js';
import { CliError } from './cli-error.js';
import type { OpenBooks } from './parts/books.js';
import type { Progress } from './progress.js';
import { sayFile } from './with-books.js';

export interface RestoreOptions {
  readonly from: string;
  readonly label: Label;
  /** The key itself. */
  readonly identity: string;
  readonly replace: boolean;
  readonly asNew: boolean;
}

/** @throws CliError before anything is read when the backup, the tenant and the options do not fit together */
export async function restoreBooks(
  { tenant, store, context, status, progress }: OpenBooks & { readonly progress: Pick<Progress, 'say'> },
  { from, label, identity, replace, asNew }: RestoreOptions,
): Promise<void> {
  const same = label.tenant.id === tenant.id;
  if (!same && !asNew)
    throw new CliError(
      `this backup is of tenant ${label.tenant.id}, not of ${tenant.id}. A new tenant may begin with it: --as-new.`,
    );
  if (asNew && replace) throw new CliError('--as-new is for a tenant without books: it has nothing to --replace.');
  if (replace && status !== 'suspended' && status !== 'single')
    throw new CliError(`the tenant is ${status}: suspend it first, so that nobody posts into books that make room.`);
  progress.say('comparing the files with the label');
  const damaged = await damagedFiles(from, label);
  if (damaged.length > 0) throw new CliError(`not as they were written: ${damaged.join(', ')}.`);
  await importBooks(store, {
    source: sealedSource(from, identity),
    replace,
    onFile: sayFile(progress),
  });
  const findings = await auditBooks(context, (rule) => progress.say(`audit: ${rule}`));
  if (findings.length > 0)
    throw new CliError(`restored, and the audit finds: ${findings.map(({ rule }) => rule).join(', ')}.`);
}
