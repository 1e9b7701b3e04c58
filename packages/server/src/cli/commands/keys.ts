import { Command } from 'commander';
import { deriveServiceKey } from '../../access/credentials/service-key.js';
import { rotationLeadSeconds } from '../../access/keys/key-ring.js';
import { readConfig } from '../../config.js';
import { refuseUnsafeUrl } from '../../http/safe-url.js';
import { CliError } from '../cli-error.js';
import { encryptionKeyOfServer } from '../local-secrets.js';
import { wholeNumber } from '../option-readers.js';
import { table } from '../table.js';

interface Common {
  readonly url?: string;
  readonly json?: boolean;
}

interface KeyAnswer {
  readonly kid: string;
  readonly algorithm: string;
  readonly state: string;
  readonly createdAt: string;
  readonly activateAt?: string;
  readonly publishUntil?: string;
}

/** `cofferdam keys …`: the keys that tokens are signed with, through a running Access Manager. */
export function keysCommand(): Command {
  return new Command('keys')
    .description('lists and rotates the keys that tokens are signed with, through the Access Manager')
    .addCommand(listCommand())
    .addCommand(rotateCommand());
}

function withCommonOptions(command: Command): Command {
  return command
    .option('--url <url>', 'base URL of the Access Manager; default: ACCESS_PORT on this machine')
    .option('--json', 'print what the API answered, for scripts')
    .addHelpText(
      'after',
      '\nThe Access Manager is shown ACCESS_SERVICE_KEY, or the key derived from COFFERDAM_ENCRYPTION_KEY or from the one in the data folder (COFFERDAM_DATA_DIR).\n',
    );
}

function listCommand(): Command {
  return withCommonOptions(new Command('list'))
    .description('shows the keys, the newest first')
    .action(async (options: Common) => {
      const { items } = (await ask(options, 'GET')) as { items: KeyAnswer[] };
      print(options, items);
    });
}

function rotateCommand(): Command {
  return withCommonOptions(new Command('rotate'))
    .description(
      'makes a new key: published at once, signing after the lead, the old one published until its tokens end',
    )
    .option(
      '--lead <seconds>',
      'how long the new key is published before it signs; verifiers keep keys for 10 minutes',
      wholeNumber(0, 86_400),
      rotationLeadSeconds,
    )
    .option(
      '--withdraw-old',
      'for a key that has leaked: sign with the new one at once and publish the old one no more; who keeps keys refuses its tokens within 10 minutes',
    )
    .action(async ({ lead, withdrawOld, ...options }: Common & { lead: number; withdrawOld?: boolean }) => {
      const body = withdrawOld ? { withdrawOld: true } : { leadSeconds: lead };
      print(options, [(await ask(options, 'POST', body)) as KeyAnswer]);
    });
}

async function ask({ url }: Common, method: 'GET' | 'POST', body?: object): Promise<unknown> {
  const config = readConfig(process.env);
  const host = config.bindAddress === '0.0.0.0' ? '127.0.0.1' : config.bindAddress;
  const baseUrl = (url ?? `http://${host}:${config.ports.access}`).replace(/\/+$/, '');
  refuseUnsafeUrl(baseUrl);
  const key = config.accessServiceKey ?? deriveServiceKey(await encryptionKeyOfServer(config));
  const response = await fetch(`${baseUrl}/v1/signing-keys`, {
    method,
    redirect: 'error',
    signal: AbortSignal.timeout(30_000),
    headers: { 'x-api-key': key, ...(body && { 'content-type': 'application/json' }) },
    ...(body && { body: JSON.stringify(body) }),
  }).catch((error: unknown) => {
    if (!(error instanceof TypeError)) throw error;
    throw new CliError(`no Access Manager answers at ${baseUrl}: start the server, or say where it is with --url.`);
  });
  const answer: unknown = await response.json();
  if (response.ok) return answer;
  if (response.status === 401)
    throw new CliError(
      'the Access Manager does not know our key: use its data folder (COFFERDAM_DATA_DIR) or its COFFERDAM_ENCRYPTION_KEY.',
    );
  throw new CliError(String((answer as { message?: unknown }).message));
}

function print({ json }: Common, keys: readonly KeyAnswer[]): void {
  if (json) {
    console.log(JSON.stringify(keys, undefined, 2));
    return;
  }
  const head = ['kid', 'algorithm', 'state', 'created', 'signs from', 'published until'];
  const rows = keys.map(({ kid, algorithm, state, createdAt, activateAt = createdAt, publishUntil = '' }) => [
    kid,
    algorithm,
    state,
    createdAt,
    activateAt,
    publishUntil,
  ]);
  console.log(table(rows, head));
}
