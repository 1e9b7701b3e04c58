import { Command } from 'commander';
import { clientOf, type OperatorOptions, print, tenantPath, withOperatorOptions } from '../operators.js';
import { table } from '../table.js';

interface AssociationAnswer {
  readonly serviceName: string;
  readonly status: string;
  readonly purgeAfter?: string;
  readonly updatedAt: string;
}

/** `cofferdam tenants associations …`: the ledger of a tenant as a service. */
export function associationsCommand(): Command {
  const act = (name: string, description: string, method: string, path: string, body?: object) =>
    withOperatorOptions(new Command(name))
      .description(description)
      .argument('<id>', 'the tenant’s id')
      .action(async (id: string, options: OperatorOptions) => {
        const client = await clientOf(options);
        const answer = await client.send<AssociationAnswer>(
          method,
          tenantPath(id, `/associations/ledger${path}`),
          body,
        );
        print(options, answer, () => printAssociation(answer));
      });
  return new Command('associations')
    .description('the ledger of a tenant as a service: shown, suspended, taken away, purged, given again')
    .addCommand(act('get', 'shows the association', 'GET', ''))
    .addCommand(act('suspend', 'denies its requests; books and people stay', 'PUT', '/suspend'))
    .addCommand(act('reactivate', 'lets requests in again, or stops a purge that waits', 'PUT', '/reactivate'))
    .addCommand(act('remove', 'takes the ledger from the tenant and keeps its books', 'DELETE', ''))
    .addCommand(act('purge', 'drops the books of a suspended ledger after the retention', 'PUT', '/purge'))
    .addCommand(
      act('add', 'gives the ledger again: with the books kept, or with new ones after a purge', 'POST', '', {}),
    );
}

function printAssociation({ serviceName, status, purgeAfter = '', updatedAt }: AssociationAnswer): void {
  const head = ['service', 'status', 'purge after', 'since'];
  console.log(table([[serviceName, status, purgeAfter, updatedAt]], head));
}
