import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { type Ground, openGround } from '../density/ground.js';
import { closedLoop } from '../load/closed-loop.js';
import type { LoadResult, Window } from '../load/load-result.js';
import { openLoop } from '../load/open-loop.js';
import { postRequests, randomTransfers } from '../load/requests.js';
import { cpuOf } from '../measure/cpu.js';
import { median, percentile, readable } from '../measure/statistics.js';
import { describeMachine } from '../report/machine.js';
import { markdownTable, plainTable } from '../report/tables.js';
import { type Books, buildBooks } from '../stage/books.js';
import { call } from '../stage/call.js';
import { createTenant } from '../stage/tenants.js';

const help = `npm run bench:fairness -- [options]

One tenant sends ten times its quota while four others send a quarter of what the server can do. How much longer do the
others wait than alone? Open loop; latency counts from the moment at which a request was due. Quotas sum to 80 % of the
measured saturation, the noisy tenant's is 25 % of it.

  --quick        one short round; writes nothing
  --seconds S    of each measured phase (default 10)
  --rounds N     default 5
  --json FILE    the figures for programs
  --no-write     leave bench/results as it is
  --help         this text
`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    fairness: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'string' },
    'no-write': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const noisyShare = 0.25;
const quotasShare = 0.8;
const othersShare = 0.25;
const timesQuota = 10;

interface Round {
  readonly alone: LoadResult;
  readonly beside: LoadResult;
  readonly noisy: { readonly perSecond: number; readonly refused: Readonly<Record<string, number>> };
  /** Cores. */
  readonly serverCpu: { readonly alone: number; readonly beside: number };
}

async function run(): Promise<void> {
  const seconds = Number(values.seconds ?? (values.quick ? 3 : 10));
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
  const window: Window = { warmUpMs: values.quick ? 1_000 : 3_000, measuredMs: seconds * 1000 };
  const startedAt = new Date();
  const ground = await openGround({}, say);
  const noise = fork(fileURLToPath(new URL('noise.ts', import.meta.url)), { execArgv: process.execArgv });
  const stop = () => {
    noise.kill();
    void ground.close().finally(() => process.exit(130));
  };
  process.once('SIGINT', stop);
  try {
    say('books');
    const tenants: (Books & { readonly id: string })[] = [];
    for (let i = 0; i < 5; i += 1) {
      const place = await createTenant(
        ground.server,
        ground.apiKey,
        `tenant ${i}`,
        i % 2 === 0 ? 'database' : 'schema',
      );
      tenants.push({ ...(await buildBooks(ground.server.urls.ledger, place, 200)), id: place.id });
    }
    const [noisy, ...others] = tenants as [(typeof tenants)[number], ...typeof tenants];
    say('saturation');
    const saturation = await measureSaturation(ground, tenants, window);
    const noisyQuota = Math.ceil(saturation * noisyShare);
    const othersQuota = Math.floor((saturation * (quotasShare - noisyShare)) / others.length);
    await setQuota(ground, noisy.id, noisyQuota);
    for (const { id } of others) await setQuota(ground, id, othersQuota);
    await new Promise((resolve) => setTimeout(resolve, 2_000));

    const results: Round[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      say(`round ${round} of ${rounds}`);
      results.push(await measureRound(ground, { noise, noisy, others, saturation, noisyQuota }, window));
    }
    const outcome = { startedAt, saturation, noisyQuota, othersQuota, results };
    report(outcome);
    await write(outcome);
  } finally {
    process.removeListener('SIGINT', stop);
    say('closing');
    noise.kill();
    await ground.close();
  }
}

/** What the server can do for all five together, the callers sending as fast as they are answered. */
async function measureSaturation(ground: Ground, tenants: readonly Books[], window: Window): Promise<number> {
  const sources = tenants.map((books) => postRequests(books, 'json', randomTransfers(books)));
  const next = (index: number) => (sources[index % sources.length] as () => string)();
  const callers = { port: ground.server.ledgerPort, connections: 200, next };
  await closedLoop(callers, window);
  return (await closedLoop(callers, { ...window, warmUpMs: 500 })).perSecond;
}

async function setQuota({ server, apiKey }: Ground, id: string, requestsPerSecond: number): Promise<void> {
  await call('PUT', `${server.urls.tenants}/v1/tenants/${id}/quotas`, { apiKey, body: { requestsPerSecond } });
}

interface Cast {
  readonly noise: ChildProcess;
  readonly noisy: Books;
  readonly others: readonly Books[];
  readonly saturation: number;
  readonly noisyQuota: number;
}

async function measureRound(ground: Ground, cast: Cast, window: Window): Promise<Round> {
  const sources = cast.others.map((books) => postRequests(books, 'json', randomTransfers(books)));
  let turn = 0;
  const next = () => (sources[turn++ % sources.length] as () => string)();
  const port = ground.server.ledgerPort;
  const cpu = { alone: 0, beside: 0 };
  const measure = (when: 'alone' | 'beside') => {
    let before = 0;
    return openLoop({ port, connections: 200, perSecond: cast.saturation * othersShare, next }, window, {
      opened: () => {
        before = cpuOf(ground.server.pid);
      },
      closed: () => {
        cpu[when] = ((cpuOf(ground.server.pid) - before) * 1000) / window.measuredMs;
      },
    });
  };
  const alone = await measure('alone');
  // The noise begins earlier and ends later than the measured window.
  cast.noise.send({
    port,
    books: cast.noisy,
    perSecond: cast.noisyQuota * timesQuota,
    warmUpMs: 1_000,
    measuredMs: window.warmUpMs + window.measuredMs + 500,
  });
  await once(cast.noise, 'message');
  const finished = once(cast.noise, 'message');
  const beside = await measure('beside');
  const [noisy] = (await finished) as [Round['noisy']];
  return { alone, beside, noisy, serverCpu: cpu };
}

interface Report {
  readonly startedAt: Date;
  readonly saturation: number;
  readonly noisyQuota: number;
  readonly othersQuota: number;
  readonly results: readonly Round[];
}

const p99 = ({ latencies }: LoadResult) => percentile(latencies, 0.99);
const refusalsOf = (refused: Readonly<Record<string, number>>) => Object.values(refused).reduce((a, b) => a + b, 0);
const refusals = ({ refused }: LoadResult) => refusalsOf(refused);

function tablesOf({ results }: Pick<Report, 'results'>) {
  const ratio = median(results.map(({ alone, beside }) => p99(beside) / p99(alone)));
  const lines = [
    [
      'round',
      'p99 alone, ms',
      'p99 beside, ms',
      'ratio',
      'p50 alone',
      'p50 beside',
      'others refused',
      'noisy served/s',
      'noisy refused (other errors)',
      'CPU server alone',
      'beside',
    ],
    ...results.map(({ alone, beside, noisy, serverCpu }, i) => {
      return [
        String(i + 1),
        ...[
          p99(alone),
          p99(beside),
          p99(beside) / p99(alone),
          percentile(alone.latencies, 0.5),
          percentile(beside.latencies, 0.5),
        ].map(readable),
        String(refusals(alone) + refusals(beside)),
        readable(noisy.perSecond),
        `${noisy.refused['429'] ?? 0} (${refusalsOf(noisy.refused) - (noisy.refused['429'] ?? 0)})`,
        readable(serverCpu.alone),
        readable(serverCpu.beside),
      ];
    }),
  ];
  const targets = [
    ['must hold', 'measured', 'bound', ''],
    [
      "the others' p99 beside the noisy tenant, over alone",
      readable(ratio),
      '≤ 1.5',
      ratio <= 1.5 ? 'holds' : 'does not hold',
    ],
  ];
  return { ratio, lines, targets };
}

function report(run: Report): void {
  const { lines, targets } = tablesOf(run);
  console.log(`\n${plainTable(lines)}\n\n${plainTable(targets)}\n\n${notesOf(run).join('\n')}`);
}

function notesOf({ saturation, noisyQuota, othersQuota }: Omit<Report, 'results' | 'startedAt'>): string[] {
  return [
    `saturation ${readable(saturation)} transactions/s (five tenants, 200 connections, as fast as they are answered)`,
    `quotas: noisy ${noisyQuota} requests/s, of which it sends ${timesQuota} times as many; the four others ${othersQuota} each, of which they send ${readable((saturation * othersShare) / 4)}`,
  ];
}

async function write(run: Report): Promise<void> {
  const { startedAt, saturation, noisyQuota, othersQuota } = run;
  const { ratio, lines, targets } = tablesOf(run);
  const notes = notesOf(run);
  if (values.json !== undefined)
    await writeFile(
      values.json,
      `${JSON.stringify({ startedAt, fairnessRatio: ratio, saturation, noisyQuota, othersQuota }, undefined, 2)}\n`,
    );
  if (values.quick || values['no-write']) return;
  const folder = new URL('../results/', import.meta.url);
  const date = startedAt.toISOString().slice(0, 10);
  await mkdir(folder, { recursive: true });
  await writeFile(
    new URL(`${date}-fairness.md`, folder),
    `# Fairness, ${date}\n\n${[...describeMachine(), ...notes].map((text) => `- ${text}`).join('\n')}\n\n${markdownTable(lines)}\n\n${markdownTable(targets)}\n\nThe ratio is the median of the rounds' own. Made by \`npm run bench:fairness\`.\n`,
  );
  console.log(`written: bench/results/${date}-fairness.md`);
}

function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else console.error(`${process.uptime().toFixed(1).padStart(7)} s  ${text}`);
}

if (values.help) console.log(help);
else await run();
