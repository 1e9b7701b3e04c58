import { Command } from 'commander';
import {
  clientOf,
  follow,
  type OperationAnswer,
  type OperatorOptions,
  print,
  tenantPath,
  withOperatorOptions,
} from '../operators.js';
import { wholeNumber } from '../option-readers.js';
import { printOperations } from './tenants-operations.js';

/** `cofferdam tenants rotate <id>`: new database credentials. */
export function rotateCommand(): Command {
  return withOperatorOptions(new Command('rotate'))
    .description('replaces the database credentials of a tenant; no request fails')
    .argument('<id>', 'the tenant’s id')
    .option(
      '--overlap <seconds>',
      'both logins work for this long; 0 for a leaked password: the old one is cut off at once',
      wholeNumber(0, 86_400),
    )
    .option('--no-wait', 'answer at once; follow it with `cofferdam tenants operations`')
    .action(async (id: string, options: OperatorOptions & { overlap?: number; wait: boolean }) => {
      const client = await clientOf(options);
      const body = options.overlap === undefined ? {} : { overlapSeconds: options.overlap };
      const begun = await client.send<OperationAnswer>('POST', tenantPath(id, '/credentials/rotate'), body);
      const latest = options.wait ? await follow(client, 'rotating the credentials', begun) : begun;
      print(options, latest, () => printOperations([latest]));
    });
}
