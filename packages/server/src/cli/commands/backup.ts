import { readFile } from 'node:fs/promises';
import { Encrypter, generateIdentity, identityToRecipient } from 'age-encryption';
import { Command, InvalidArgumentError } from 'commander';
import { ConfigError } from '../../config.js';
import { exportBooks } from '../../ledger/exit/export-books.js';
import { damagedFiles, type Label, readLabel, sealedTarget } from '../../ledger/exit/sealed-folder.js';
import { CliError } from '../cli-error.js';
import { restoreBooks } from '../restore-books.js';
import { sayFile, withBooks } from '../with-books.js';
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
      'writes the books as they are at one moment, each file compressed and encrypted before it touches the disk; requests go on meanwhile. Broken off, the same command goes on: files whose rows have not changed since are kept',
    )
    .option('--tenant <id>', 'whose books; left out in single-tenant mode')
    .requiredOption('--to <folder>', 'an empty or missing folder, one for each backup, or one of a broken backup')
    .requiredOption('--recipient <age1…>', 'who can open it; may be given several times', recipients, [])
    .option('--json', 'print the label')
    .addHelpText('after', booksHelp)
    .action(async ({ tenant, to, recipient, json }: Common & { to: string; recipient: string[] }) => {
      // A list that begins empty counts as given: it would be sealed for nobody.
      if (recipient.length === 0)
        throw new ConfigError('--recipient is missing: who shall be able to open it? See `cofferdam backup keygen`.');
      await withBooks(tenant, 'backup', 'read', ({ store, tenant: whose, progress, now, resumeKey }) =>
        exportBooks(store, {
          format: 'csv',
          target: sealedTarget(to, recipient),
          tenant: whose,
          now,
          resumeKey,
          onFile: sayFile(progress),
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
      const label = await readLabel(from);
      const damaged = await damagedFiles(from, label);
      if (damaged.length > 0) throw new CliError(`not as they were written: ${damaged.join(', ')}.`);
      print(label, json);
    });
}

function restoreCommand(): Command {
  return new Command('restore')
    .description(
      'reads a backup into the tenant that it is of, or with --as-new into a new one without books; in one transaction, compared to the last row. Broken off, it leaves nothing: give the same command again. Any other tenant is refused',
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
      const label = await readLabel(from);
      const key = await identityOf(identity);
      await withBooks(tenant, 'restore', 'write', (books) =>
        restoreBooks(books, { from, label, identity: key, replace, asNew }),
      );
      print(label, json);
    });
}

function recipients(value: string, before: string[]): string[] {
  try {
    new Encrypter().addRecipient(value);
  } catch {
    throw new InvalidArgumentError('it begins with age1, and every letter counts: see `cofferdam backup keygen`.');
  }
  return [...before, value];
}

/** The key in a file of ours, or of `age-keygen`, which has lines of comment. @throws CliError when it holds none */
async function identityOf(file: string): Promise<string> {
  const keys = (await readFile(file, 'utf8')).split('\n').filter((line) => line.startsWith('AGE-SECRET-KEY-'));
  const [key] = keys;
  const isKey = await identityToRecipient(key?.trim() ?? '').then(
    () => true,
    () => false,
  );
  if (key === undefined || keys.length > 1 || !isKey)
    throw new CliError(`${file} does not hold one key: see \`cofferdam backup keygen\`.`);
  return key.trim();
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
