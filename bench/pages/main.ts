import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { call } from '../stage/call.js';
import { cursorLists, type PageTimes, timeAt, timeCursorList, timeNumberedList } from './measure.js';
import { openPageStage } from './stage.js';

const help = `npm run bench:pages -- [options]

Fills the books of one ledger by set-based SQL under their triggers and measures, over HTTP: the first and the last page of
the lists, balances as they were, counts. Starts a PostgreSQL and a server of its own; about two minutes.

  --operations N   operations in the ledger, half of them on one account (default 1,000,000)
  --accounts N     accounts in the ledger (default 100,000)
  --repeats N      requests of each kind (default 30)
  --json FILE      the figures for programs
  --help           this text

Ends with exit code 1 when the last page of a list by cursor takes more than twice as long as the first.
`;
const { values } = parseArgs({
  options: {
    operations: { type: 'string', default: '1000000' },
    accounts: { type: 'string', default: '100000' },
    repeats: { type: 'string', default: '30' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(help);
else await run(count('operations'), count('accounts'), count('repeats'));

function count(name: 'operations' | 'accounts' | 'repeats'): number {
  const number = Number(values[name]);
  if (!Number.isSafeInteger(number) || number < 1) throw new RangeError(`--${name} must be a whole number above 0`);
  return number;
}

async function run(operations: number, accounts: number, repeats: number): Promise<void> {
  const days = 80;
  const stage = await openPageStage(operations, accounts, days, say);
  try {
    const { url, path, balanceId, accountId } = stage;
    for (const entity of ['transaction', 'operation']) {
      say(`metadata index of ${entity}`);
      await call('POST', `${url}/v1/settings/metadata-indexes/entities/${entity}`, {
        body: { metadataKey: 'channel' },
      });
    }
    const results: PageTimes[] = [];
    for (const list of cursorLists(stage, days)) {
      say(list.name);
      results.push(await timeCursorList(url, list, repeats));
    }
    const moment = (daysAgo: number) => new Date(Date.now() - daysAgo * 86_400_000).toISOString();
    const [early, late] = [moment(days - 0.1), moment(0.1)];
    const history = (date: string) => `${path}/balances/${balanceId}/history?date=${date}`;
    results.push(
      await timeAt(url, 'a balance as it was, long ago and lately', [history(early), history(late)], repeats, 2),
    );
    const both = (date: string) => `${path}/accounts/${accountId}/balances/history?date=${date}`;
    results.push(await timeAt(url, 'the balances of the account as they were', [both(early), both(late)], repeats, 2));
    const counted = (from: number, to: number) =>
      `${path}/transactions/metrics/count?start_date=${moment(from)}&end_date=${moment(to)}`;
    results.push(await timeAt(url, 'count of one day, and of all', [counted(1, 0), counted(days + 40, 0)], 5));
    results.push(await timeNumberedList(url, 'accounts (numbered pages)', `${path}/accounts`, accounts + 3, 10));
    report(results, operations, accounts);
    if (values.json !== undefined)
      await writeFile(values.json, JSON.stringify({ operations, accounts, results }, null, 2));
    if (results.some(({ first, last, bound }) => bound !== undefined && last > bound * first)) process.exitCode = 1;
  } finally {
    await stage.close();
  }
}

function report(results: readonly PageTimes[], operations: number, accounts: number): void {
  console.log(
    `\n${operations.toLocaleString('en-US')} operations, half on one account; ${accounts.toLocaleString('en-US')} accounts\n`,
  );
  console.log('| | first, ms | last, ms | last ÷ first | bound |\n|---|--:|--:|--:|--:|');
  for (const { name, first, last, bound } of results)
    console.log(
      `| ${name} | ${first.toFixed(1)} | ${last.toFixed(1)} | ${(last / first).toFixed(2)} | ${bound ?? ''} |`,
    );
}

function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else console.error(`${process.uptime().toFixed(1).padStart(7)} s  ${text}`);
}
