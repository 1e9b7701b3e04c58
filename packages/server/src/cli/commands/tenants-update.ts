import { Command } from 'commander';
import { clientOf, type OperatorOptions, print, tenantPath, withOperatorOptions } from '../operators.js';
import { readPair } from '../option-readers.js';

/** `cofferdam tenants update <id>`: what is for display. */
export function updateCommand(): Command {
  return withOperatorOptions(new Command('update'))
    .description('changes the display name of a tenant, or its metadata')
    .argument('<id>', 'the tenant’s id')
    .option('--name <text>', 'display name')
    .option('--metadata <key=value>', 'may be given several times; an empty value removes the key', readPair)
    .action(async (id: string, options: OperatorOptions & { name?: string; metadata?: Record<string, string> }) => {
      const client = await clientOf(options);
      const { name, metadata } = options;
      const patch = Object.entries(metadata ?? {}).map(([key, value]) => [key, value === '' ? null : value]);
      const body = {
        ...(name === undefined ? {} : { name }),
        ...(metadata === undefined ? {} : { metadata: Object.fromEntries(patch) }),
      };
      const tenant = await client.send<{ id: string; name: string; metadata: object }>('PATCH', tenantPath(id), body);
      print(options, tenant, () => console.log(`${tenant.id}  ${tenant.name}  ${JSON.stringify(tenant.metadata)}`));
    });
}
