import { Command } from 'commander';
import {
  clientOf,
  follow,
  type OperationAnswer,
  type OperatorOptions,
  print,
  queryOf,
  readPages,
  withOperatorOptions,
} from '../operators.js';
import { wholeNumber } from '../option-readers.js';
import { table } from '../table.js';

/** `cofferdam tenants operations [id]`: what takes longer than a request. */
export function operationsCommand(): Command {
  return withOperatorOptions(new Command('operations'))
    .description('lists what takes long, newest first: provisioning, rotation, move, purge, adoption, fleet migration')
    .argument('[id]', 'of one operation: shows it')
    .option('--tenant <id>', 'of this tenant only')
    .option('--kind <kind>', 'of this kind only, e.g. tenant.rotate')
    .option('--state <state>', 'waiting, running, succeeded, failed or cancelled')
    .option('--follow', 'with an id: shows its progress to the end')
    .option('--limit <n>', 'rows at most', wholeNumber(1, 10_000), 20)
    .action(
      async (
        id: string | undefined,
        options: OperatorOptions & { tenant?: string; kind?: string; state?: string; follow?: true; limit: number },
      ) => {
        const client = await clientOf(options);
        if (id !== undefined) {
          const found = await client.send<OperationAnswer>('GET', `/v1/operations/${encodeURIComponent(id)}`);
          const latest = options.follow ? await follow(client, found.kind, found) : found;
          print(options, latest, () => printOperations([latest]));
          return;
        }
        const { tenant: tenantId, kind, state } = options;
        const path = `/v1/operations${queryOf({ tenantId, kind, state })}`;
        const operations = await readPages<OperationAnswer>(client, path, options.limit);
        print(options, operations, () => printOperations(operations));
      },
    );
}

export function printOperations(operations: readonly OperationAnswer[]): void {
  const head = ['id', 'kind', 'tenant', 'state', 'progress', 'by', 'began', 'error'];
  const rows = operations.map(({ id, kind, tenantId = '', state, progress, actor, createdAt, error = '' }) => {
    const { done, total, step } = progress;
    return [id, kind, tenantId, state, `${done}/${total}${step ? ` ${step}` : ''}`, actor, createdAt, error];
  });
  console.log(table(rows, head));
}
