import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { monitorEventLoopDelay } from 'node:perf_hooks';
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
others wait than alone, and than beside a tenant that keeps to its quota? Open loop; latency counts from the moment at which a
request was due. Quotas sum to 80 % of the measured saturation, the noisy tenant's is 25 % of it. The noisy tenant is a process
of its own.

  --quick        one short round; writes nothing
  --seconds S    of each measured phase (default 10)
  --rounds N     default 5
  --callers N    connections of the noisy tenant (default 400); it sends what is due as soon as one is free
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
    callers: { type: 'string' },
    json: { type: 'string' },
    'no-write': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const noisyShare = 0.25;
const quotasShare = 0.8;
const othersShare = 0.25;
const timesQuota = 10;

const phases = ['alone', 'quiet', 'beside'] as const;
/** `quiet`: beside the noisy tenant's quota and no more. */
type PhaseName = (typeof phases)[number];

interface Phase extends LoadResult {
  /** Cores. */
  readonly serverCpu: number;
  readonly noiseCpu: number;
  /** How late this process's own event loop was, p99: what it measures is no better than that. */
  readonly ownDelayMs: number;
}

interface Round extends Readonly<Record<PhaseName, Phase>> {
  readonly noisy: NoiseResult;
}

interface NoiseResult {
  readonly perSecond: number;
  readonly refused: Readonly<Record<string, number>>;
  readonly seconds: number;
}

async function run(): Promise<void> {
  const seconds = Number(values.seconds ?? (values.quick ? 3 : 10));
  const rounds = Number(values.rounds ?? (values.quick ? 1 : 5));
  const callers = Number(values.callers ?? 400);
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
      results.push(await measureRound(ground, { noise, noisy, others, saturation, noisyQuota, callers }, window));
    }
    const outcome = { startedAt, callers, saturation, noisyQuota, othersQuota, results };
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
  readonly callers: number;
}

async function measureRound(ground: Ground, cast: Cast, window: Window): Promise<Round> {
  const sources = cast.others.map((books) => postRequests(books, 'json', randomTransfers(books)));
  let turn = 0;
  const next = () => (sources[turn++ % sources.length] as () => string)();
  const port = ground.server.ledgerPort;
  const noisePid = cast.noise.pid as number;
  const measure = async (): Promise<Phase> => {
    const own = monitorEventLoopDelay({ resolution: 1 });
    const read = () => [cpuOf(ground.server.pid), cpuOf(noisePid)] as const;
    let [before, after] = [read(), read()];
    const load = await openLoop({ port, connections: 200, perSecond: cast.saturation * othersShare, next }, window, {
      opened: () => {
        before = read();
        own.enable();
      },
      closed: () => {
        own.disable();
        after = read();
      },
    });
    const cores = (i: 0 | 1) => ((after[i] - before[i]) * 1000) / window.measuredMs;
    return { ...load, serverCpu: cores(0), noiseCpu: cores(1), ownDelayMs: own.percentile(99) / 1e6 };
  };
  /** The noise begins earlier and ends later than the measured window. */
  const measureBeside = async (perSecond: number): Promise<[Phase, NoiseResult]> => {
    const measuredMs = window.warmUpMs + window.measuredMs + 500;
    const { callers: connections } = cast;
    cast.noise.send({ port, books: cast.noisy, perSecond, connections, warmUpMs: 1_000, measuredMs });
    await once(cast.noise, 'message');
    const finished = once(cast.noise, 'message');
    const phase = await measure();
    const [noisy] = (await finished) as [NoiseResult];
    return [phase, noisy];
  };
  const alone = await measure();
  const [quiet] = await measureBeside(cast.noisyQuota);
  const [beside, noisy] = await measureBeside(cast.noisyQuota * timesQuota);
  return { alone, quiet, beside, noisy };
}

interface Report {
  readonly startedAt: Date;
  readonly callers: number;
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
  const overQuiet = median(results.map(({ quiet, beside }) => p99(beside) / p99(quiet)));
  const lines = [
    [
      'round',
      'p99 alone, ms',
      'at its quota',
      'beside, ms',
      'ratio',
      'p50 alone',
      'at its quota',
      'beside',
      'others refused',
      'noisy served/s',
      'refused/s (other errors)',
      'CPU server alone',
      'at its quota',
      'beside',
      'CPU noise',
      'own delay p99, ms',
    ],
    ...results.map((round, i) => {
      const { beside, noisy } = round;
      const each = (value: (phase: Phase) => number) => phases.map((name) => readable(value(round[name])));
      return [
        String(i + 1),
        ...each(p99),
        readable(p99(beside) / p99(round.alone)),
        ...each(({ latencies }) => percentile(latencies, 0.5)),
        String(phases.reduce((sum, name) => sum + refusals(round[name]), 0)),
        readable(noisy.perSecond),
        `${readable((noisy.refused['429'] ?? 0) / noisy.seconds)} (${refusalsOf(noisy.refused) - (noisy.refused['429'] ?? 0)})`,
        ...each(({ serverCpu }) => serverCpu),
        readable(beside.noiseCpu),
        readable(Math.max(...phases.map((name) => round[name].ownDelayMs))),
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
    ['the same over beside its quota and no more', readable(overQuiet), '-', ''],
  ];
  return { ratio, lines, targets };
}

function report(run: Report): void {
  const { lines, targets } = tablesOf(run);
  console.log(`\n${plainTable(lines)}\n\n${plainTable(targets)}\n\n${notesOf(run).join('\n')}`);
}

function notesOf({ saturation, noisyQuota, othersQuota, callers }: Omit<Report, 'results' | 'startedAt'>): string[] {
  return [
    `saturation ${readable(saturation)} transactions/s (five tenants, 200 connections, as fast as they are answered)`,
    `quotas: noisy ${noisyQuota} requests/s, of which it has ${timesQuota} times as many to send on ${callers} connections; the four others ${othersQuota} each, of which they send ${readable((saturation * othersShare) / 4)}`,
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
