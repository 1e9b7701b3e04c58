import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { closedLoop } from '../load/closed-loop.js';
import { postRequests, randomTransfers } from '../load/requests.js';
import { cpuOfTree } from '../measure/cpu.js';
import { median, ratioByRound, readable } from '../measure/statistics.js';
import { openStallStage, type StallStage } from '../stalls/stage.js';
import { openServerProbe, type ServerProbe } from './server-probe.js';

const help = `npm run bench:wal-level -- [options]

What wal_level=logical, which moving tenants needs and the embedded PostgreSQL has, costs against replica: two servers, each on a
PostgreSQL of its own with fsync on, that take turns. Posts one at a time, and 200 to a request, so that both carry batches
of the same size. Compare CPU and WAL of a transaction; rates are of a machine that does this alone. About a minute.

  --rounds N       default 3
  --seconds S      measured seconds of each phase (default 3)
  --json FILE      the figures for programs
  --help           this text
`;
type Level = 'replica' | 'logical';
interface Side {
  readonly level: Level;
  readonly stage: StallStage;
  readonly probe: ServerProbe;
}
interface Shape {
  readonly name: string;
  readonly connections: number;
  readonly perRequest: number;
}
const shapes: readonly Shape[] = [
  { name: 'one at a time', connections: 1, perRequest: 1 },
  { name: '200 to a request', connections: 2, perRequest: 200 },
];
const measures = ['rate', 'cpuUs', 'walBytes'] as const;
type Measured = Record<(typeof measures)[number], number>;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '3' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(help);
else await run(positive('rounds'), positive('seconds'));

function positive(name: 'rounds' | 'seconds'): number {
  const number = Number(values[name]);
  if (!(number > 0) || (name === 'rounds' && !Number.isSafeInteger(number)))
    throw new RangeError(`--${name} is ${values[name]}: give a number above 0`);
  return number;
}

async function run(rounds: number, seconds: number): Promise<void> {
  const sides: Side[] = [];
  try {
    sides.push(...(await Promise.all((['replica', 'logical'] as const).map(openSide))));
    const found = new Map<string, Record<Level, Measured[]>>(
      shapes.map(({ name }) => [name, { replica: [], logical: [] }]),
    );
    for (let round = 1; round <= rounds; round += 1)
      // Who goes first changes: what the first does to the disk, the second meets.
      for (const shape of shapes)
        for (const side of round % 2 === 1 ? sides : [...sides].reverse()) {
          say(`round ${round} of ${rounds}: ${shape.name}, ${side.level}`);
          found.get(shape.name)?.[side.level].push(await measure(side, shape, seconds));
        }
    const figures = shapes.map(({ name }) => {
      const { replica, logical } = found.get(name) ?? { replica: [], logical: [] };
      const of = (list: readonly Measured[], measured: keyof Measured) => list.map((each) => each[measured]);
      const ratio = (measured: keyof Measured) => ratioByRound(of(logical, measured), of(replica, measured));
      const middle = (list: readonly Measured[]) =>
        Object.fromEntries(measures.map((measured) => [measured, median(of(list, measured))])) as Measured;
      return {
        name,
        replica: middle(replica),
        logical: middle(logical),
        ratios: { rate: ratio('rate'), cpuUs: ratio('cpuUs'), walBytes: ratio('walBytes') },
      };
    });
    const labels = {
      rate: 'transactions/s',
      cpuUs: 'PostgreSQL, µs CPU a transaction',
      walBytes: 'WAL, bytes a transaction',
    };
    console.log('\n| | replica | logical | logical over replica |\n|---|--:|--:|--:|');
    for (const { name, replica, logical, ratios } of figures)
      for (const measured of measures)
        console.log(
          `| ${name}: ${labels[measured]} | ${readable(replica[measured])} | ${readable(logical[measured])} | ${ratios[measured].toFixed(3)} |`,
        );
    console.log(`\nMedians of ${rounds} rounds of ${seconds} s; ratios are the median of the rounds' own.`);
    if (values.json !== undefined) await writeFile(values.json, JSON.stringify(figures, undefined, 2));
  } finally {
    for (const { probe, stage } of sides.reverse()) {
      await probe.close();
      await stage.close();
    }
  }
}

async function openSide(level: Level): Promise<Side> {
  say(`${level}: PostgreSQL, server, books`);
  // No checkpoint while it is measured: full pages would be counted in one and not in the other.
  const settings = {
    wal_level: level,
    log_min_duration_statement: '-1',
    checkpoint_timeout: '1h',
    max_wal_size: '8GB',
  };
  const stage = await openStallStage({ accounts: 100, settings, nodeOptions: ['--max-semi-space-size=64'] }, () => {});
  const probe = await openServerProbe(stage.admin);
  if (probe.walLevel !== level) throw new Error(`wal_level is ${probe.walLevel}, not ${level}`);
  return { level, stage, probe };
}

async function measure({ stage, probe }: Side, shape: Shape, seconds: number): Promise<Measured> {
  const { books, server } = stage;
  const make = randomTransfers(books);
  const { perRequest, connections } = shape;
  const next =
    perRequest === 1
      ? postRequests(books, 'json', make)
      : postRequests(books, 'batch', () => ({ transactions: Array.from({ length: perRequest }, make) }), 20);
  const before = {
    wal: await probe.walBytes(),
    cpu: cpuOfTree(probe.postmasterPid),
    posted: await probe.posted(books),
  };
  const window = { warmUpMs: 0, measuredMs: seconds * 1_000 };
  const { refused } = await closedLoop({ port: server.ledgerPort, connections, next }, window);
  if (Object.keys(refused).length > 0) throw new Error(`refused: ${JSON.stringify(refused)}`);
  // Everything that was committed is counted on both sides of the fraction, also what was under way at the end.
  const posted = (await probe.posted(books)) - before.posted;
  return {
    rate: posted / seconds,
    cpuUs: ((cpuOfTree(probe.postmasterPid) - before.cpu) * 1e6) / posted,
    walBytes: ((await probe.walBytes()) - before.wal) / posted,
  };
}

function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else console.error(`${process.uptime().toFixed(1).padStart(7)} s  ${text}`);
}
