import { Command } from 'commander';
import { clientOf, type OperatorOptions, print, queryOf, readPages, withOperatorOptions } from '../operators.js';
import { wholeNumber } from '../option-readers.js';
import { table } from '../table.js';

interface AuditAnswer {
  readonly at: string;
  readonly actor: string;
  readonly action: string;
  readonly tenantId?: string;
  readonly outcome: string;
  readonly details: object;
}

/** `cofferdam tenants audit`: who did what. */
export function auditCommand(): Command {
  return withOperatorOptions(new Command('audit'))
    .description('lists who did what, newest first; refused attempts too')
    .option('--tenant <id>', 'of this tenant only')
    .option('--action <action>', 'of this kind only, e.g. tenant.suspend')
    .option('--actor <actor>', 'of this one only, as the list shows it')
    .option('--outcome <outcome>', 'done, refused or failed')
    .option('--limit <n>', 'rows at most', wholeNumber(1, 100_000), 50)
    .action(
      async (
        options: OperatorOptions & {
          tenant?: string;
          action?: string;
          actor?: string;
          outcome?: string;
          limit: number;
        },
      ) => {
        const { tenant: tenantId, action, actor, outcome } = options;
        const path = `/v1/audit${queryOf({ tenantId, action, actor, outcome })}`;
        const rows = await readPages<AuditAnswer>(await clientOf(options), path, options.limit);
        print(options, rows, () => {
          const head = ['at', 'by', 'action', 'tenant', 'outcome', 'details'];
          const cells = rows.map((row) => [
            row.at,
            row.actor,
            row.action,
            row.tenantId ?? '',
            row.outcome,
            JSON.stringify(row.details),
          ]);
          console.log(table(cells, head));
        });
      },
    );
}
