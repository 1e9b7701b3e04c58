import { Command, Option } from 'commander';
import { clientOf, type OperatorOptions, print, withOperatorOptions } from '../operators.js';
import { table } from '../table.js';

interface OperatorAnswer {
  readonly name: string;
  readonly role: string;
  readonly createdAt: string;
  readonly createdBy: string;
  readonly revokedAt?: string;
  readonly apiKey?: string;
}

/** `cofferdam operators …`: who may use the Tenant Manager. */
export function operatorsCommand(): Command {
  return new Command('operators')
    .description('named operators of the Tenant Manager, each with a key of its own; needs the installation’s key')
    .addCommand(addCommand())
    .addCommand(listCommand())
    .addCommand(revokeCommand());
}

function addCommand(): Command {
  return withOperatorOptions(new Command('add'))
    .description('makes a key for a person or a program and prints it this once; it is used as TENANT_MANAGER_API_KEY')
    .argument('<name>', 'lower-case letters, digits, dots, dashes, underscores; the audit shows it')
    .addOption(
      new Option('--role <role>', 'read-only: sees all but credentials; operate: all but adding and revoking operators')
        .choices(['read-only', 'operate'])
        .makeOptionMandatory(),
    )
    .action(async (name: string, options: OperatorOptions & { role: string }) => {
      const body = { name, role: options.role };
      const operator = await (await clientOf(options)).send<OperatorAnswer>('POST', '/v1/operators', body);
      print(options, operator, () => {
        printOperators([operator]);
        console.log(`key (shown once)  ${operator.apiKey}`);
      });
    });
}

function listCommand(): Command {
  return withOperatorOptions(new Command('list'))
    .description('lists operators, revoked ones last')
    .action(async (options: OperatorOptions) => {
      const { items } = await (await clientOf(options)).send<{ items: OperatorAnswer[] }>('GET', '/v1/operators');
      print(options, items, () => printOperators(items));
    });
}

function revokeCommand(): Command {
  return withOperatorOptions(new Command('revoke'))
    .description('takes the key from an operator: its next request is refused')
    .argument('<name>', 'of the operator')
    .action(async (name: string, options: OperatorOptions) => {
      const path = `/v1/operators/${encodeURIComponent(name)}`;
      const operator = await (await clientOf(options)).send<OperatorAnswer>('DELETE', path);
      print(options, operator, () => printOperators([operator]));
    });
}

function printOperators(operators: readonly OperatorAnswer[]): void {
  const rows = operators.map(({ name, role, createdAt, createdBy, revokedAt = '' }) => [
    ...[name, role, createdAt, createdBy, revokedAt],
  ]);
  console.log(table(rows, ['name', 'role', 'since', 'added by', 'revoked']));
}
