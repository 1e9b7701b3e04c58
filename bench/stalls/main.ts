import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openClient } from '../../packages/server/src/postgres/pool.js';
import { closedLoop } from '../load/closed-loop.js';
import { openLoop } from '../load/open-loop.js';
import { postRequests, randomTransfers } from '../load/requests.js';
import { percentile, readable } from '../measure/statistics.js';
import { attribute, type Interval, readProbe, readSlowStatements } from './causes.js';
import { flushFloor } from './floor.js';
import { openStallStage, type StallStage } from './stage.js';

const help = `npm run bench:stalls -- [options]

What stops single posts at half load: posts in an open loop, notes when server, load generator and PostgreSQL stood still
(event loop, garbage collection, statements over 10 ms), and puts each request slower than 20 ms down to the stall that covers most
of it. Beside it, in turns, the floor: the same arrivals as one plain row each, as large in the WAL, without server and HTTP.

  --rounds N        each a phase of posting and one of the floor (default 3)
  --seconds S       of each phase (default 6)
  --rate R          requests a second (default: half of what 100 callers reach first)
  --setting N=V     a setting of PostgreSQL, any number of times
  --node OPTION     for the server's Node, any number of times (default --max-semi-space-size=64)
  --help            this text
`;
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '6' },
    rate: { type: 'string' },
    setting: { type: 'string', multiple: true, default: [] },
    node: { type: 'string', multiple: true, default: ['--max-semi-space-size=64'] },
    help: { type: 'boolean', default: false },
  },
});
const slowMs = 20;
if (values.help) console.log(help);
else await run();

async function run(): Promise<void> {
  const rounds = positive('--rounds', values.rounds);
  const window = { warmUpMs: 500, measuredMs: positive('--seconds', values.seconds) * 1000 };
  const settings = Object.fromEntries(values.setting.map((text) => text.split('=', 2) as [string, string]));
  // Our own probe writes beside the server's: the generator may be what stands still.
  const ownFolder = mkdtempSync(join(tmpdir(), 'cofferdam-stalls-client-'));
  const ownProbe = join(ownFolder, 'probe.jsonl');
  appendFileSync(ownProbe, '');
  process.env['BENCH_PROBE_FILE'] = ownProbe;
  await import('./probe.mjs' as string);
  const stage = await openStallStage({ accounts: 1_000, settings, nodeOptions: values.node }, say);
  try {
    say('saturated rate');
    const next = postRequests(stage.books, 'json', randomTransfers(stage.books));
    const port = stage.server.ledgerPort;
    const saturated = await closedLoop({ port, connections: 100, next }, { warmUpMs: 2_000, measuredMs: 3_000 });
    const perSecond = values.rate === undefined ? saturated.perSecond / 2 : positive('--rate', values.rate);
    const [latencies, floor, slow] = [[] as number[], [] as number[], [] as Interval[]];
    const onAnswer = (dueAt: number, answeredAt: number) => {
      if (answeredAt - dueAt > slowMs)
        slow.push({ from: performance.timeOrigin + dueAt, to: performance.timeOrigin + answeredAt });
    };
    for (let round = 1; round <= rounds; round += 1) {
      say(`round ${round} of ${rounds}: posting`);
      const load = await openLoop({ port, connections: 200, perSecond, next, onAnswer }, window);
      if (Object.keys(load.refused).length > 0) throw new Error(`refused: ${JSON.stringify(load.refused)}`);
      for (const ms of load.latencies) latencies.push(ms);
      say(`round ${round} of ${rounds}: floor`);
      for (const ms of await flushFloor(stage.admin, stage.books, perSecond, window)) floor.push(ms);
    }
    const stalls = [
      ...readSlowStatements(stage.logFile),
      ...readProbe(stage.probeFile, 'server'),
      ...readProbe(ownProbe, 'load generator'),
    ];
    console.log(`
| ${readable(perSecond)}/s, half of ${readable(saturated.perSecond)}/s | p50 ms | p90 ms | p99 ms | p99.9 ms |
|---|--:|--:|--:|--:|
| single posts | ${row(latencies)} |
| floor: plain rows, committed together | ${row(floor)} |

| requests over ${slowMs} ms (${slow.length} of ${latencies.length}) | requests | stalls | longest, ms |
|---|--:|--:|--:|`);
    for (const { cause, requests, stalls: count, longestMs } of attribute(slow, stalls))
      console.log(`| ${cause} | ${requests} | ${count} | ${readable(longestMs)} |`);
    console.log(await walFlushes(stage));
  } finally {
    await stage.close();
    rmSync(ownFolder, { recursive: true, force: true });
  }
}

/** PostgreSQL 18's own count of what its WAL cost; nothing where it is older. */
async function walFlushes({ admin }: StallStage): Promise<string> {
  const client = openClient(admin, { applicationName: 'bench' });
  await client.connect();
  try {
    const { rows } = await client.query(`
      select context, sum(fsyncs)::float8 as flushes, sum(fsync_time + write_time) / sum(fsyncs) as "msEach"
      from pg_stat_io where object = 'wal' and backend_type = 'client backend' group by context having sum(fsyncs) > 0`);
    const { rows: checkpoints } = await client.query(
      'select num_timed + num_requested as begun, buffers_written from pg_stat_checkpointer',
    );
    return `\nWAL since the start (init: new segments): ${JSON.stringify(rows)}; checkpoints: ${JSON.stringify(checkpoints)}`;
  } finally {
    await client.end();
  }
}

function row(samples: readonly number[]): string {
  return [0.5, 0.9, 0.99, 0.999].map((share) => readable(percentile(samples, share))).join(' | ');
}

function positive(name: string, text: string): number {
  const number = Number(text);
  if (!(number > 0)) throw new RangeError(`${name} is ${text}: give a number above 0`);
  return number;
}

function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else console.error(`${process.uptime().toFixed(1).padStart(7)} s  ${text}`);
}
