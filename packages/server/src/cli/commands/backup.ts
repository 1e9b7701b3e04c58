import { readFile } from 'node:fs/promises';
import { generateIdentity, identityToRecipient } from 'age-encryption';
import { Command, InvalidArgumentError } from 'commander';
import { exportBooks } from '../../ledger/exit/export-books.js';
import { damagedFiles, type Label, readLabel, sealedTarget } from '../../ledger/exit/sealed-folder.js';
import { CliError } from '../cli-error.js';
import { restoreBooks } from '../restore-books.js';
import { sayTable, withBooks } from '../with-books.js';
import { writePrivateFile } from '../write-private-file.js';
import { booksHelp } from './environment-help.js';

interface Common {
  readonly tenant?: string;
  readonly json?: boolean;
}

/** `cofferdam backup …`: the books of one tenant, encrypted and labelled. */
export function backupCommand(): Command {
  return new Command('backup')
    .description('encrypted, labelled backups of the books of one tenant')
    .addCommand(keygenCommand())
    .addCommand(createCommand())
    .addCommand(verifyCommand())
    .addCommand(restoreCommand());
}

function keygenCommand(): Command {
  return new Command('keygen')
    .description(
      'makes a key pair: the identity opens backups and belongs where the backups are not; prints the recipient',
    )
    .requiredOption('--to <file>', 'file for the identity, mode 0600')
    .option('--json', 'print the recipient as JSON')
    .action(async ({ to, json }: { to: string; json?: boolean }) => {
      if ((await readFile(to).catch(() => undefined)) !== undefined)
        throw new CliError(`${to} exists: a key that has sealed backups must not be written over.`);
      const identity = await generateIdentity();
      await writePrivateFile(to, `${identity}\n`);
      const recipient = await identityToRecipient(identity);
      console.log(json ? JSON.stringify({ recipient }) : recipient);
    });
}

function createCommand(): Command {
  return new Command('create')
    .description(
      'writes the books as they are at one moment, each file compressed and encrypted before it touches the disk; requests go on meanwhile. Broken off, the same command goes on: tables that have not changed since are kept',
    )
    .option('--tenant <id>', 'whose books; left out in single-tenant mode')
    .requiredOption('--to <folder>', 'an empty or missing folder, one for each backup, or one of a broken backup')
    .requiredOption('--recipient <age1…>', 'who can open it; may be given several times', recipients, [])
    .option('--json', 'print the label')
    .addHelpText('after', booksHelp)
    .action(async ({ tenant, to, recipient, json }: Common & { to: string; recipient: string[] }) => {
      await withBooks(tenant, 'backup', ({ store, tenant: whose, progress, now, resumeKey }) =>
        exportBooks(store, {
          format: 'csv',
          target: sealedTarget(to, recipient),
          tenant: whose,
          now,
          resumeKey,
          onTable: sayTable(progress),
        }),
      );
      print(await readLabel(to), json);
    });
}

function verifyCommand(): Command {
  return new Command('verify')
    .description('compares the files of a backup with its label; needs no key and no database')
    .requiredOption('--from <folder>', 'folder of a backup')
    .option('--json', 'print the label')
    .action(async ({ from, json }: { from: string; json?: boolean }) => {
      const label = await labelOf(from);
      const damaged = await damagedFiles(from, label);
      if (damaged.length > 0) throw new CliError(`not as they were written: ${damaged.join(', ')}.`);
      print(label, json);
    });
}

function restoreCommand(): Command {
  return new Command('restore')
    .description(
      'reads a backup into the tenant that it is of, or with --as-new into a new one without books; in one transaction, compared to the last row. Any other tenant is refused',
    )
    .option('--tenant <id>', 'into whose books; left out in single-tenant mode')
    .requiredOption('--from <folder>', 'folder of a backup')
    .requiredOption('--identity <file>', 'the key that opens it')
    .option('--replace', 'the books that are there make room; the tenant must be suspended')
    .option('--as-new', 'the backup is of another tenant, and this one is to begin with its books')
    .option('--json', 'print the label')
    .addHelpText('after', booksHelp)
    .action(async (options: Common & { from: string; identity: string; replace?: boolean; asNew?: boolean }) => {
      const { tenant, from, identity, replace = false, asNew = false, json } = options;
      const label = await labelOf(from);
      const key = (await readFile(identity, 'utf8')).trim();
      await withBooks(tenant, 'restore', (books) =>
        restoreBooks(books, { from, label, identity: key, replace, asNew }),
      );
      print(label, json);
    });
}

function recipients(value: string, before: string[]): string[] {
  if (!/^age1[0-9a-z]{20,}$/.test(value))
    throw new InvalidArgumentError('it begins with age1: see `cofferdam backup keygen`.');
  return [...before, value];
}

async function labelOf(folder: string): Promise<Label> {
  try {
    return await readLabel(folder);
  } catch (error) {
    throw error instanceof TypeError ? new CliError(error.message) : error;
  }
}

function print(label: Label, json: boolean | undefined): void {
  if (json) {
    console.log(JSON.stringify(label, undefined, 2));
    return;
  }
  const { tenant, takenAt, files } = label;
  const bytes = files.reduce((sum, file) => sum + file.bytes, 0);
  console.log(`tenant ${tenant.id}${tenant.slug ? ` (${tenant.slug})` : ''}, books as of ${takenAt}`);
  console.log(`${files.length} files, ${bytes} bytes`);
}
