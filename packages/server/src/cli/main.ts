import { Command, CommanderError } from 'commander';
import { ConfigError } from '../config.js';
import { bootstrapCommand } from './commands/access-bootstrap.js';
import { demoCommand } from './commands/demo.js';
import { doctorCommand } from './commands/doctor.js';
import { migrateCommand } from './commands/migrate.js';
import { serveCommand } from './commands/serve.js';
import { tenantsCommand } from './commands/tenants.js';
import { version } from './version.js';

/** The `cofferdam` program. Answers the exit code: 0 done, 1 failed, 2 called or configured wrongly. */
export async function main(args: readonly string[]): Promise<number> {
  const program = new Command('cofferdam')
    .description('A multi-tenant double-entry ledger platform on PostgreSQL.')
    .version(version)
    .exitOverride()
    .addCommand(serveCommand())
    .addCommand(demoCommand())
    .addCommand(tenantsCommand())
    .addCommand(migrateCommand())
    .addCommand(doctorCommand())
    .addCommand(new Command('access').description('the Access Manager').addCommand(bootstrapCommand()));
  for (const command of everyCommand(program)) command.exitOverride().showHelpAfterError();
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

function everyCommand(command: Command): Command[] {
  return [command, ...command.commands.flatMap(everyCommand)];
}

function isPlainFailure(error: unknown): boolean {
  return error instanceof Error && (error.name === 'CliError' || 'code' in error);
}
