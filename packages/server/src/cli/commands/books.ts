import { Command, Option } from 'commander';
import { auditBooks } from '../../ledger/audit/audit-books.js';
import { exportBooks } from '../../ledger/exit/export-books.js';
import { importBooks } from '../../ledger/exit/import-books.js';
import { type ExportFormat, exportFormats, type Manifest } from '../../ledger/exit/manifest.js';
import { plainFolder } from '../../ledger/exit/plain-folder.js';
import { CliError } from '../cli-error.js';
import { sayFile, withBooks } from '../with-books.js';
import { booksHelp } from './environment-help.js';

interface Common {
  readonly tenant?: string;
  readonly json?: boolean;
}

/** `cofferdam books …`: a tenant's books as files in open formats, and back. */
export function booksCommand(): Command {
  return new Command('books')
    .description('exports the books of a tenant into files of open formats, and imports such files')
    .addCommand(exportCommand())
    .addCommand(importCommand());
}

function withCommonOptions(command: Command): Command {
  return command
    .option('--tenant <id>', 'whose books; left out in single-tenant mode')
    .option('--json', 'print the manifest, for scripts')
    .addHelpText('after', booksHelp);
}

function exportCommand(): Command {
  return withCommonOptions(new Command('export'))
    .description(
      'writes all books as they are at one moment: files of at most 200,000 rows for each table, and manifest.json with their hashes. Requests go on meanwhile. Broken off, the same command goes on: files whose rows have not changed since are kept',
    )
    .requiredOption('--to <folder>', 'an empty or missing folder, or one of a broken export')
    .addOption(new Option('--format <format>', 'of the files').choices([...exportFormats]).default('csv'))
    .action(async ({ to, format, ...common }: Common & { to: string; format: ExportFormat }) => {
      const manifest = await withBooks(common.tenant, 'export', 'read', ({ store, tenant, progress, now, resumeKey }) =>
        exportBooks(store, {
          format,
          target: plainFolder(to),
          tenant,
          now,
          resumeKey,
          onFile: sayFile(progress),
        }),
      );
      report(common, manifest, `${to}: the books as of ${manifest.takenAt}`);
    });
}

function importCommand(): Command {
  return withCommonOptions(new Command('import'))
    .description(
      'compares the files of an export with its manifest, reads them into empty books in one transaction, and compares the result, too; whatever differs undoes all of it, and so does breaking off: give the same command again',
    )
    .requiredOption('--from <folder>', 'folder of an export')
    .action(async ({ from, ...common }: Common & { from: string }) => {
      const manifest = await withBooks(common.tenant, 'import', 'write', async ({ store, context, progress }) => {
        const read = await importBooks(store, {
          source: plainFolder(from),
          onFile: sayFile(progress),
        });
        progress.say('auditing');
        const findings = await auditBooks(context, (rule) => progress.say(`audit: ${rule}`));
        for (const { rule, count, example } of findings) process.stderr.write(`${rule}: ${count}, e.g. ${example}\n`);
        if (findings.length > 0)
          throw new CliError('the books are as exported, and they were not in order: see above.');
        return read;
      });
      report(common, manifest, 'every file, every row and the content compared; the audit found nothing');
    });
}

function report({ json }: Common, manifest: Manifest, sentence: string): void {
  if (json) {
    console.log(JSON.stringify(manifest, undefined, 2));
    return;
  }
  const rows = manifest.tables.reduce((sum, table) => sum + table.rows, 0);
  console.log(`${sentence}\n${manifest.tables.length} tables, ${rows} rows`);
}
