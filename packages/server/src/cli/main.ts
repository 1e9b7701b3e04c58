import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config.js';
import { OperatorError } from '../postgres/operator-error.js';
import { version } from './version.js';

/** Only the command that is called is loaded: the ledger with all its libraries takes most of a second. */
const commands: Readonly<Record<string, { readonly summary: string; readonly load: () => Promise<Command> }>> = {
  serve: {
    summary: 'run the server in the foreground',
    load: async () => (await import('./commands/serve.js')).serveCommand(),
  },
  demo: {
    summary: 'start everything, make two tenants, post, and show both walls',
    load: async () => (await import('./commands/demo.js')).demoCommand(),
  },
  tenants: {
    summary: 'make, list, suspend, delete and operate tenants',
    load: async () => (await import('./commands/tenants.js')).tenantsCommand(),
  },
  operators: {
    summary: 'add, list and revoke named operators of the Tenant Manager',
    load: async () => (await import('./commands/operators.js')).operatorsCommand(),
  },
  servers: {
    summary: 'add, list and drain the PostgreSQL servers that hold tenants',
    load: async () => (await import('./commands/servers.js')).serversCommand(),
  },
  keys: {
    summary: 'list and rotate the keys that tokens are signed with',
    load: async () => (await import('./commands/keys.js')).keysCommand(),
  },
  logins: {
    summary: 'print the logins by which a ledger or an Access Manager runs alone',
    load: async () => (await import('./commands/logins.js')).loginsCommand(),
  },
  books: {
    summary: 'export the books of a tenant into open formats, import them',
    load: async () => (await import('./commands/books.js')).booksCommand(),
  },
  backup: {
    summary: 'encrypted backups of the books of one tenant, and their restore',
    load: async () => (await import('./commands/backup.js')).backupCommand(),
  },
  migrate: {
    summary: 'bring every database up to date',
    load: async () => (await import('./commands/migrate.js')).migrateCommand(),
  },
  doctor: {
    summary: 'examine the installation and the books of every tenant',
    load: async () => (await import('./commands/doctor.js')).doctorCommand(),
  },
  access: {
    summary: 'the Access Manager: bootstrap',
    load: async () => (await import('./commands/access.js')).accessCommand(),
  },
};

/** The `cofferdam` program. Answers the exit code: 0 done, 1 failed, 2 called or configured wrongly. */
export async function main(args: readonly string[]): Promise<number> {
  // `cofferdam … | head` closes the pipe early: no reason for a stack.
  process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
  const program = await loadProgram(args);
  try {
    await program.parseAsync([...args], { from: 'user' });
    return Number(process.exitCode ?? 0);
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2;
    // What an operator can mend is one sentence; what they cannot is a stack to report.
    if (error instanceof ConfigError || isPlainFailure(error)) {
      process.stderr.write(`cofferdam: ${(error as Error).message}\n`);
      return error instanceof ConfigError ? 2 : 1;
    }
    process.stderr.write(`cofferdam: ${error instanceof Error ? error.stack : String(error)}\n`);
    return 1;
  }
}

/** The program with all its commands, those that `args` name whole. Throws CommanderError instead of ending the process. */
export async function loadProgram(args: readonly string[]): Promise<Command> {
  const program = new Command('cofferdam')
    .description('A multi-tenant double-entry ledger platform on PostgreSQL.')
    .version(version);
  for (const [name, { summary, load }] of Object.entries(commands)) {
    program.addCommand(args.includes(name) ? (await load()).summary(summary) : new Command(name).summary(summary));
  }
  for (const command of everyCommand(program)) command.exitOverride().showHelpAfterError();
  return program;
}

/** `command` and all below it. */
export function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

function isPlainFailure(error: unknown): boolean {
  return error instanceof Error && (error instanceof OperatorError || 'code' in error);
}
