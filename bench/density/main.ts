import { mkdir, writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { median, percentile, readable } from '../measure/statistics.js';
import { describeMachine } from '../report/machine.js';
import { markdownTable, plainTable } from '../report/tables.js';
import { countConnections } from './connection-count.js';
import { openGround } from './ground.js';
import { type Phase, postOn, visitEach } from './phases.js';
import { provision } from './residents.js';
import { provisionFromSpares } from './spares.js';

const help = `npm run bench:density -- [options]

Provisions 1,000 tenants (500 by database, 500 by schema) and measures a server with few PostgreSQL connections: 200 tenants
active at once, rotating over all, against 10; the first request of a tenant that has no connection; memory; provisioning.
Takes some 15 minutes on 2 processors, most of it provisioning. Needs nothing but this machine; listens on loopback only.

  --quick          100 tenants, 20 at once, a tenth of the connections; shorter phases; writes nothing
  --tenants N      default 1000
  --active N       active at once (default 200)
  --budget N       connections of the server for all tenants together (default 240)
  --connections N  of the clients (default 2000)
  --seconds S      of each measured phase (default 20; the rotating one twice as long)
  --rounds N       default 3
  --json FILE      the figures for programs
  --no-write       leave bench/results as it is
  --help           this text
`;

const { values } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    density: { type: 'boolean', default: false },
    tenants: { type: 'string' },
    active: { type: 'string' },
    budget: { type: 'string' },
    connections: { type: 'string' },
    seconds: { type: 'string' },
    rounds: { type: 'string' },
    json: { type: 'string' },
    'no-write': { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(help);
else await run();

async function run(): Promise<void> {
  const { quick } = values;
  const number = (text: string | undefined, full: number, short: number) => {
    const value = Number(text ?? (quick ? short : full));
    if (!(value > 0)) throw new RangeError(`${text} is no number above 0`);
    return value;
  };
  const tenants = number(values.tenants, 1_000, 100);
  const active = number(values.active, 200, 20);
  const budget = number(values.budget, 240, 24);
  const connections = number(values.connections, 2_000, 200);
  const seconds = number(values.seconds, 20, 3);
  const rounds = number(values.rounds, 3, 1);
  // The server has others: control, catalogues, access, administration.
  const connectionsAllowed = quick ? budget + 60 : 300;
  const startedAt = new Date();

  const ground = await openGround({ MULTI_TENANT_MAX_CONNECTIONS: String(budget) }, say);
  const stop = () => void ground.close().finally(() => process.exit(130));
  process.once('SIGINT', stop);
  try {
    const { residents, alone, seconds: provisioningSeconds } = await provision(ground, tenants, say);
    const count = await countConnections(ground.admin);
    const ten: Phase[] = [];
    const many: Phase[] = [];
    const measuredMs = seconds * 1000;
    const ratios: number[] = [];
    for (let round = 1; round <= rounds; round += 1) {
      say(`round ${round} of ${rounds}: 10 tenants`);
      const few = await postOn(ground, residents, { active: 10, everyMs: 0 }, connections, {
        warmUpMs: quick ? 1_000 : 4_000,
        measuredMs,
      });
      say(`round ${round} of ${rounds}: ${active} tenants, rotating`);
      // All tenants get their turn while it is measured.
      const everyMs = (2 * measuredMs) / (tenants - active);
      const rotating = await postOn(ground, residents, { active, everyMs }, connections, {
        warmUpMs: quick ? 2_000 : 12_000,
        measuredMs: 2 * measuredMs,
      });
      ten.push(few);
      many.push(rotating);
      ratios.push(rotating.perSecond / few.perSecond);
    }

    say('cold tenants');
    await visitEach(ground, residents, 'get');
    // In the same order again: each has lost its connection to those after it.
    const coldPosts = await visitEach(ground, residents, 'post');
    await ground.restart();
    const first = residents.slice(0, Math.floor(tenants / 10));
    await visitEach(ground, first, 'post');
    const before = await memoryOf();
    const coldStart = await visitEach(ground, residents.slice(first.length), 'post');
    const after = await memoryOf();
    await count.stop();
    say('warm spares');
    const spares = await provisionFromSpares(ground, quick ? 3 : 8);
    const rest = tenants - first.length;
    const kilobytes = (key: 'heap' | 'rss') => (after[key] - before[key]) / rest / 1000;

    const errors =
      [...ten, ...many].reduce((sum, { refused }) => sum + Object.values(refused).reduce((a, b) => a + b, 0), 0) +
      coldPosts.failed +
      coldStart.failed;
    const cold = [...coldPosts.latencies, ...coldStart.latencies];
    const targets = [
      target(
        'throughputOverTen',
        `${active} active tenants rotating over ${tenants}, over 10 active tenants`,
        median(ratios),
        '>=',
        0.5,
      ),
      target('coldP99Ms', 'first request of a cold tenant, p99, ms', percentile(cold, 0.99), '<=', 150),
      target('memoryPerTenantKb', 'server memory for a tenant that is known and idle, kB', kilobytes('heap'), '<=', 50),
      target('connectionsMost', 'PostgreSQL connections, most seen', count.most, '<=', connectionsAllowed),
      target('errors', 'errors', errors, '<=', 0),
      target('provisionDatabaseMs', 'provisioning by database, p50, ms', percentile(alone.database, 0.5), '<=', 300),
      target('provisionSchemaMs', 'provisioning by schema, p50, ms', percentile(alone.schema, 0.5), '<=', 300),
      target(
        'spareDatabaseMs',
        'from a warm spare by database, without hashing the password, p50, ms',
        percentile(spares.database, 0.5),
        '<=',
        50,
      ),
      target('spareSchemaMs', 'from a warm spare by schema, likewise', percentile(spares.schema, 0.5), '<=', 50),
    ];
    const lines = [
      ['phase', 'per second', 'p50 ms', 'p99 ms', 'tenants', 'CPU server', 'CPU PostgreSQL', 'errors'],
      ...ten.map((phase, i) => lineOf(`10 tenants, round ${i + 1}`, phase)),
      ...many.map((phase, i) => lineOf(`${active} of ${tenants}, round ${i + 1}`, phase)),
    ];
    const targetLines = [
      ['must hold', 'measured', 'bound', ''],
      ...targets.map(({ text, value, sign, bound, holds }) => [
        text,
        readable(value),
        `${sign === '>=' ? '≥' : '≤'} ${bound}`,
        holds ? 'holds' : 'does not hold',
      ]),
    ];
    const notes = [
      `${tenants} tenants, every other one by schema; made four at a time with their books in ${Math.round(provisioningSeconds)} s`,
      `${connections} client connections in both phases; budget of ${budget} connections for tenants; pg_stat_activity read ${count.samples} times`,
      `cold: no connection (p50 ${readable(percentile(coldPosts.latencies, 0.5))}, p99 ${readable(percentile(coldPosts.latencies, 0.99))} ms; another's connection is closed first), and unknown to a server just started (p50 ${readable(percentile(coldStart.latencies, 0.5))}, p99 ${readable(percentile(coldStart.latencies, 0.99))} ms); one at a time`,
      `memory: after garbage collection, from ${first.length} tenants seen to ${tenants}, connections of ${budget} of them included; resident set ${readable(kilobytes('rss'))} kB a tenant`,
      `from a warm spare: ${spares.calls.length} times with all spares made; the whole call p50 ${readable(percentile(spares.calls, 0.5))} ms, mostly the password hash`,
      `provisioning: one at a time on an idle server, ${alone.database.length} and ${alone.schema.length} times, p99 ${readable(percentile(alone.database, 0.99))} and ${readable(percentile(alone.schema, 0.99))} ms`,
    ];
    console.log(`\n${plainTable(lines)}\n\n${plainTable(targetLines)}\n\n${notes.join('\n')}`);
    if (values.json !== undefined)
      await writeFile(
        values.json,
        `${JSON.stringify({ startedAt, ...Object.fromEntries(targets.map(({ key, value }) => [key, value])), ratios }, undefined, 2)}\n`,
      );
    if (!quick && !values['no-write']) {
      const results = new URL('../results/', import.meta.url);
      const name = `${startedAt.toISOString().slice(0, 10)}-density.md`;
      await mkdir(results, { recursive: true });
      const page = `# Density, ${startedAt.toISOString().slice(0, 10)}\n\n${[...describeMachine(), ...notes].map((text) => `- ${text}`).join('\n')}\n\n${markdownTable(lines)}\n\n${markdownTable(targetLines)}\n\nThe ratio is the median of the rounds' own. Made by \`npm run bench:density\`.\n`;
      await writeFile(new URL(name, results), page);
      console.log(`written: bench/results/${name}`);
    }

    async function memoryOf(): Promise<{ heap: number; rss: number }> {
      const { heapUsed, external, rss } = (await ground.server.ask({ ask: 'memory' })) as NodeJS.MemoryUsage;
      return { heap: heapUsed + external, rss };
    }
  } finally {
    process.removeListener('SIGINT', stop);
    say('closing');
    await ground.close();
  }
}

function lineOf(name: string, phase: Phase): string[] {
  const errors = Object.entries(phase.refused).map(([status, n]) => `${n} × ${status}`);
  return [
    name,
    ...[
      phase.perSecond,
      percentile(phase.latencies, 0.5),
      percentile(phase.latencies, 0.99),
      phase.tenants,
      phase.serverCpu,
      phase.postgresCpu,
    ].map(readable),
    errors.join(', ') || '0',
  ];
}

function target(key: string, text: string, value: number, sign: '>=' | '<=', bound: number) {
  return { key, text, value, sign, bound, holds: sign === '>=' ? value >= bound : value <= bound };
}

/** On a terminal one line that changes, else a line now and then. */
function say(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${text}`);
  else if (!/\d (of|von) /.test(text) || /00 of|round/.test(text))
    console.error(`${process.uptime().toFixed(1).padStart(7)} s  ${text}`);
}
