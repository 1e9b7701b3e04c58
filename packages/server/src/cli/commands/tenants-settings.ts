import { Command, InvalidArgumentError, Option } from 'commander';
import { clientOf, type OperatorOptions, print, tenantPath, withOperatorOptions } from '../operators.js';
import { table } from '../table.js';

/** As the API takes it: null brings a default back. */
type Settings = Readonly<{
  maxOpenConns?: number | null;
  maxIdleConns?: number | null;
  statementTimeout?: string | null;
  readFrom?: string | null;
}>;

interface SettingsOptions extends OperatorOptions {
  readonly maxOpen?: number | null;
  readonly maxIdle?: number | null;
  readonly statementTimeout?: string | null;
  readonly readFrom?: string;
}

/** `cofferdam tenants settings <id>`: how processes connect to the books of a tenant. */
export function settingsCommand(): Command {
  return withOperatorOptions(new Command('settings'))
    .description('shows how processes connect to the books of a tenant, or changes it; `default` brings a default back')
    .argument('<id>', 'the tenant’s id')
    .option('--max-open <n>', 'connections of each process', readCount)
    .option('--max-idle <n>', 'of these, kept while unused', readCount)
    .option('--statement-timeout <time>', '30s, 500ms, 2min', orDefault)
    .addOption(
      new Option(
        '--read-from <where>',
        'replica: reads may be answered by one that has all that the primary has',
      ).choices(['primary', 'replica', 'default']),
    )
    .action(async (id: string, options: SettingsOptions) => {
      const client = await clientOf(options);
      const path = tenantPath(id, '/associations/ledger/connections');
      const change = changeOf(options);
      const { connectionSettings = {} } =
        Object.keys(change).length === 0
          ? await client.send<{ connectionSettings?: Settings }>('GET', path)
          : await client.send<{ connectionSettings?: Settings }>('PATCH', path, change);
      print(options, { connectionSettings }, () => {
        const names = ['maxOpenConns', 'maxIdleConns', 'statementTimeout', 'readFrom'] as const;
        console.log(table(names.map((name) => [name, connectionSettings[name] ?? 'default'])));
      });
    });
}

function changeOf({ maxOpen, maxIdle, statementTimeout, readFrom }: SettingsOptions): Settings {
  return {
    ...(maxOpen === undefined ? {} : { maxOpenConns: maxOpen }),
    ...(maxIdle === undefined ? {} : { maxIdleConns: maxIdle }),
    ...(statementTimeout === undefined ? {} : { statementTimeout }),
    ...(readFrom === undefined ? {} : { readFrom: orDefault(readFrom) }),
  };
}

const orDefault = (text: string): string | null => (text === 'default' ? null : text);

function readCount(text: string): number | null {
  if (text === 'default') return null;
  if (/^\d{1,6}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a whole number, or default.');
}
