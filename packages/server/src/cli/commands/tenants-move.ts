import { Command, Option } from 'commander';
import { CliError } from '../cli-error.js';
import {
  clientOf,
  follow,
  type OperationAnswer,
  type OperatorOptions,
  print,
  tenantPath,
  withOperatorOptions,
} from '../operators.js';
import { readPair } from '../option-readers.js';
import { table } from '../table.js';

/** What the operation of a move tells (docs/runbooks/move.md). */
interface MoveAnswer extends OperationAnswer {
  readonly details: {
    readonly phase: string;
    readonly method: 'replication' | 'pause';
    readonly estimate?: { readonly rows: number; readonly bytes: number; readonly pauseMs: number };
    readonly from: PlaceAnswer;
    readonly to: PlaceAnswer;
    readonly tables?: { readonly copied: number; readonly of: number };
    readonly lagBytes?: number;
    readonly compared?: { readonly tables: number; readonly rows: number; readonly hash: string };
    readonly pauseMs?: number;
  };
}

interface PlaceAnswer {
  readonly serverId: string;
  readonly isolation: string;
}

/** A tenant changes its place while it is written to: three commands, because the operator looks before the way back is closed. */
export const moveCommands = (): Command[] => [moveCommand(), confirmCommand(), revertCommand()];

interface MoveOptions extends OperatorOptions {
  readonly isolation?: string;
  readonly server?: string;
  readonly label?: Record<string, string>;
  readonly wait: boolean;
  readonly allowPause?: boolean;
}

function moveCommand(): Command {
  return withOperatorOptions(new Command('move'))
    .description('moves a tenant to another server or isolation mode while it is written to; confirm or revert it then')
    .argument('<id>', 'the tenant’s id')
    .addOption(new Option('--isolation <mode>', 'default: as it is').choices(['database', 'schema']))
    .option('--server <id>', 'default: it stays on its server')
    .option('--label <key=value>', 'to the least full server with these labels; may be given several times', readPair)
    .option(
      '--allow-pause',
      'where logical replication is not to be had: copy while writes pause, for as long as that takes (at most 2 s otherwise)',
    )
    .option('--no-wait', 'answer at once; follow it with `cofferdam tenants operations <id> --follow`')
    .action(async (id: string, options: MoveOptions) => {
      const client = await clientOf(options);
      const { isolation, server, label } = options;
      const begun = await client.send<MoveAnswer>('POST', tenantPath(id, '/move'), {
        ...(isolation === undefined ? {} : { isolation }),
        ...(server === undefined ? {} : { server }),
        ...(label === undefined ? {} : { labels: label }),
        ...(options.allowPause === undefined ? {} : { allowPause: options.allowPause }),
      });
      tellPause(begun);
      const latest = options.wait
        ? await follow(client, 'moving the tenant', begun, {
            isDone: ({ details }) => details.phase === 'await',
            say: ({ details: { tables, lagBytes } }) =>
              tables === undefined
                ? ''
                : `${tables.copied} of ${tables.of} tables${lagBytes === undefined ? '' : `, ${lagBytes.toLocaleString('en')} bytes behind`}`,
          })
        : begun;
      printMove(options, latest);
      if (options.wait && options.json !== true)
        console.log(`It serves at its new place. cofferdam tenants confirm ${id}, or revert ${id}`);
    });
}

function confirmCommand(): Command {
  return withOperatorOptions(new Command('confirm'))
    .description('confirms a move: the old place is removed, there is no way back')
    .argument('<id>', 'the tenant’s id')
    .action(async (id: string, options: OperatorOptions) => {
      const client = await clientOf(options);
      const begun = await client.send<MoveAnswer>('POST', tenantPath(id, '/move/confirm'));
      printMove(options, await follow(client, 'removing the old place', begun));
    });
}

function revertCommand(): Command {
  return withOperatorOptions(new Command('revert'))
    .description(
      'takes a move back: the old place serves again with all that was written since, the new one is removed',
    )
    .argument('<id>', 'the tenant’s id')
    .action(async (id: string, options: OperatorOptions) => {
      const client = await clientOf(options);
      const begun = await client.send<MoveAnswer>('POST', tenantPath(id, '/move/revert'));
      const latest = await follow(client, 'moving the tenant back', begun, {
        isDone: ({ state, details }) =>
          state === 'cancelled' || (details.phase === 'await' && begun.details.phase !== 'await'),
      });
      printMove(options, latest);
      if (latest.state === 'running')
        throw new CliError(
          `the move could not be taken back, the tenant stays where it is: ${latest.error ?? 'no reason is known'}`,
        );
    });
}

/** Before it begins; to stderr, because what comes out is the operation. */
function tellPause({ details: { estimate } }: MoveAnswer): void {
  if (estimate === undefined) return;
  const { rows, bytes, pauseMs } = estimate;
  console.error(
    `Without logical replication writes pause for about ${Math.ceil(pauseMs / 1_000)} s: some ${rows.toLocaleString('en')} rows, ${Math.ceil(bytes / 2 ** 20).toLocaleString('en')} MiB.`,
  );
}

function printMove(options: OperatorOptions, move: MoveAnswer): void {
  print(options, move, () => {
    const { from, to, compared, pauseMs, phase } = move.details;
    const place = ({ serverId, isolation }: PlaceAnswer) => `${serverId} (${isolation})`;
    const rows = [
      ['operation', move.id],
      ['state', move.state === 'running' ? phase : move.state],
      ['from', place(from)],
      ['to', place(to)],
      ...(pauseMs === undefined ? [] : [['writes paused', `${pauseMs} ms`]]),
      ...(compared === undefined
        ? []
        : [['compared', `${compared.rows.toLocaleString('en')} rows of ${compared.tables} tables, ${compared.hash}`]]),
    ];
    console.log(table(rows));
  });
}
