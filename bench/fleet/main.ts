import { writeFile } from 'node:fs/promises';
import { parseArgs } from 'node:util';
import { measureFleet } from './measure.js';
import { openFleetStage } from './stage.js';

const help = `npm run bench:fleet -- [options]

Makes many tenants, half by database and half by schema, then measures over all of them, while some are under load:
\`cofferdam migrate\` with nothing to do, a migration that adds columns to three tables, and the comparison of every tenant's
structure; and how soon a tenant is there from a store made ahead (TENANT_SPARES). Starts a PostgreSQL and a server of its own; with 1,000 tenants about ten minutes, most of it to make them.

  --tenants N    tenants (default 1,000)
  --busy N       of those, tenants that post and read all the while (default 20)
  --parallel N   tenants migrated at the same time (default 4)
  --json FILE    the figures for programs
  --help         this text

Ends with exit code 1 when a request failed, a tenant was not migrated or differs, or a bound was missed (for 1,000 tenants:
nothing to do 5 s, columns 120 s).
`;
const { values } = parseArgs({
  options: {
    tenants: { type: 'string', default: '1000' },
    busy: { type: 'string', default: '20' },
    parallel: { type: 'string', default: '4' },
    json: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) console.log(help);
else await run();

function count(name: 'tenants' | 'busy' | 'parallel'): number {
  const number = Number(values[name]);
  if (!Number.isSafeInteger(number) || number < 1) throw new RangeError(`--${name} must be a whole number above 0`);
  return number;
}

async function run(): Promise<void> {
  const tenants = count('tenants');
  const stage = await openFleetStage({ tenants, busy: Math.min(count('busy'), tenants), say });
  try {
    const figures = await measureFleet(stage, { parallel: count('parallel'), say });
    console.table(figures);
    if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(figures, undefined, 2)}\n`);
    const scale = Math.max(1, tenants / 1_000);
    const isGood =
      figures.requestsFailed === 0 &&
      figures.tenantsFailed === 0 &&
      figures.tenantsDrifted === 0 &&
      figures.nothingToDoSeconds <= 5 * scale &&
      figures.columnsSeconds <= 120 * scale;
    process.exitCode = isGood ? 0 : 1;
  } finally {
    await stage.close();
  }
}

function say(text: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r\x1b[K${text}` : `${text}\n`);
}
