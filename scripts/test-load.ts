import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { startBalances } from '../packages/core/test/any-program.js';
import { toDatabaseUrl, withDatabase } from '../packages/server/src/postgres/connection-settings.js';
import { startEmbedded } from '../packages/server/src/postgres/embedded/start-embedded.js';
import { openPool } from '../packages/server/src/postgres/pool.js';
import { type Http, openHttp } from '../packages/server/test/crash/http.js';
import { runModelUnderLoad } from '../packages/server/test/ledger/concurrency/model-under-load.js';
import { addAccount } from '../packages/server/test/ledger/posting/books.js';
import { accountOf } from '../packages/server/test/ledger/posting/model-account.js';
import { Program } from '../packages/server/test/support/program.js';

const help = `npm run test:load -- [options]

Two server processes on one ledger, and many clients that send random commands of all kinds through both, with the same
idempotency keys. What they were told is compared, row by row, with an in-memory reference that does the same one after
the other, in the order that the versions of the balances give.

  --commands N  per ledger (default 4000)
  --ledgers N   one after the other, each with a seed of its own (default 3)
  --seed S      of an earlier run, for the first ledger
  --help        this text
`;

const { values } = parseArgs({
  options: {
    commands: { type: 'string', default: '4000' },
    ledgers: { type: 'string', default: '3' },
    seed: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(help);
else
  await main(
    Number(values.commands),
    Number(values.ledgers),
    values.seed === undefined ? undefined : Number(values.seed),
  );

async function main(commands: number, ledgers: number, given: number | undefined): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'cofferdam-load-'));
  const postgres = await startEmbedded({
    directory: join(folder, 'postgres'),
    log: { warn() {} },
    ourFolders: [folder],
  });
  const http = openHttp();
  const programs: Program[] = [];
  const admin = openPool(withDatabase(postgres.adminSettings, 'cofferdam_ledger'), {
    max: 1,
    applicationName: 'test-load',
    searchPath: ['ledger'],
  });
  try {
    const urls: string[] = [];
    for (const name of ['first', 'second']) {
      const program = new Program(['serve'], {
        environment: {
          COFFERDAM_DATA_DIR: join(folder, name),
          DATABASE_URL: toDatabaseUrl(postgres.adminSettings),
          COFFERDAM_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
        },
      });
      programs.push(program);
      urls.push((await program.serving(90_000)).ledger);
    }
    for (let i = 0; i < ledgers; i += 1) {
      const { path, ledgerId, organizationId } = await makeLedger(http, urls[0] as string);
      for (const balance of startBalances)
        await addAccount(admin, { organizationId, ledgerId, alias: balance.alias, ...accountOf(balance) });
      const doors = urls.map((url) => ({
        post: (name: string, body: unknown, headers?: Readonly<Record<string, string>>) =>
          http.send(`${url}${path}/transactions/${name}`, 'POST', body, headers),
      }));
      const seed = i === 0 ? given : undefined;
      const done = await runModelUnderLoad({ doors, ledgerId, admin, commands, clients: 60, seed });
      console.log(
        `ledger ${i + 1}/${ledgers}, seed ${done.seed}: ${done.posted} posted, refused ${JSON.stringify(Object.fromEntries(done.refused))}; as the reference has them`,
      );
    }
  } finally {
    http.close();
    await admin.end();
    for (const program of programs) await program.stop();
    await postgres.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function makeLedger(
  http: Http,
  url: string,
): Promise<{ path: string; ledgerId: string; organizationId: string }> {
  const make = async (path: string, body: unknown) => {
    const reply = await http.send(`${url}${path}`, 'POST', body);
    if (reply.status !== 201) throw new Error(`${path}: ${reply.status} ${JSON.stringify(reply.body)}`);
    return reply.body.id as string;
  };
  const organizationId = await make('/v1/organizations', { legalName: 'O', legalDocument: '1' });
  const ledgers = `/v1/organizations/${organizationId}/ledgers`;
  const ledgerId = await make(ledgers, { name: 'main' });
  return { path: `${ledgers}/${ledgerId}`, ledgerId, organizationId };
}
