import { Command, Option } from 'commander';
import { ConfigError, readConfig } from '../../config.js';
import { createCommandLog } from '../log.js';
import { openAccessDatabase } from '../parts/access-part.js';
import { type ServiceLogins, serviceLogins } from '../parts/service-logins.js';
import { prepareFleet } from '../parts/stores.js';
import { createProgress } from '../progress.js';
import { withGround } from '../with-ground.js';

interface Options {
  readonly part?: keyof ServiceLogins;
  readonly json?: boolean;
}

/** `cofferdam logins`: what goes into the secrets of processes that run one part alone. */
export function loginsCommand(): Command {
  return new Command('logins')
    .description(
      'prints the variables, passwords included, of the logins by which a ledger or an Access Manager runs alone; makes the logins where they are missing',
    )
    .addOption(new Option('--part <part>', 'of this part only').choices(['ledger', 'access']))
    .option('--json', 'as JSON: by part, by variable')
    .addHelpText(
      'after',
      '\nNeeds DATABASE_URL, MULTI_TENANT_ENABLED=true and COFFERDAM_ENCRYPTION_KEY or the data folder (COFFERDAM_DATA_DIR) of the tenants part.\n',
    )
    .action(async ({ part, json }: Options) => {
      const config = readConfig(process.env);
      if (!config.multiTenant)
        throw new ConfigError('MULTI_TENANT_ENABLED is not true: in single-tenant mode one process runs everything.');
      const log = createCommandLog(config.logLevel);
      const logins = await withGround(config, log, (ground) =>
        createProgress().step('logins', async () => {
          const prepared = await prepareFleet(ground);
          await openAccessDatabase(ground);
          return serviceLogins(ground, prepared);
        }),
      );
      const chosen = part === undefined ? logins : { [part]: logins[part] };
      process.stdout.write(json ? `${JSON.stringify(chosen, undefined, 2)}\n` : asEnvironment(chosen));
    });
}

/** One part: lines for an env file. Both: a comment before each, since a name may occur twice. */
function asEnvironment(logins: Partial<ServiceLogins>): string {
  const parts = Object.entries(logins);
  return parts
    .flatMap(([part, variables]) => [
      ...(parts.length > 1 ? [`# ${part}`] : []),
      ...Object.entries(variables).map(([name, value]) => `${name}=${value}`),
    ])
    .map((line) => `${line}\n`)
    .join('');
}
