import { appendFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { experiments } from '../packages/server/test/chaos/all.js';
import type { ChaosResult } from '../packages/server/test/chaos/experiment.js';
import { seededRandom } from '../packages/server/test/ledger/concurrency/seeded-random.js';

const help = `npm run test:chaos -- [options] [experiment …]

Breaks what a deployment stands on, under load: ${experiments.map(({ name }) => name).join(', ')}.
Every answer is looked into: a 2xx must say what was posted, what was acknowledged must be read as it was posted, balances read at
one moment must add up to zero. Afterwards every 2xx must be in the books exactly once, nothing refused may be there, and the system must
have recovered by itself, or by the one step that the runbook names. Needs root (mount, ip netns) and the Debian packages haproxy,
libfaketime and iproute2: scripts/test-chaos.sh installs them.

  --short      seconds instead of minutes, as CI runs it
  --seed S     of an earlier run
  --json       one line of JSON a result, as they come, instead of a table at the end
  --help       this text
`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: 'boolean', default: false },
    seed: { type: 'string' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) console.log(help);
else {
  process.exitCode = await main();
  // Whatever a failed experiment may have left open.
  setTimeout(() => process.exit(), 2_000).unref();
}

/** For the end of `.ci/run`. */
function list(text: string): void {
  const file = process.env['TEST_FAULTS'];
  if (file !== undefined) appendFileSync(file, text);
}

async function main(): Promise<number> {
  const unknown = positionals.filter((name) => !experiments.some((each) => each.name === name));
  if (unknown.length > 0) {
    console.error(`there is no experiment ${unknown.join(', ')}; see --help`);
    return 2;
  }
  const dice = seededRandom(values.seed === undefined ? undefined : Number(values.seed));
  console.error(`seed ${dice.seed}`);
  const chosen = experiments.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  const results: ChaosResult[] = [];
  let failed = 0;
  const next = chosen.values();
  const work = async () => {
    for (const experiment of next) await once(experiment);
  };
  const once = async (experiment: (typeof chosen)[number]) => {
    const startedAt = performance.now();
    let before: unknown;
    // As of the tests: what fails twice in CI is no accident, and what passed at the second try is told.
    for (let tries = values.short ? 2 : 1; tries > 0; tries -= 1) {
      try {
        const found = await experiment.run({ form: values.short ? 'short' : 'long', dice });
        results.push(...found);
        if (values.json)
          for (const result of found) console.log(JSON.stringify({ experiment: experiment.name, ...result }));
        if (before !== undefined) list(`passed at the second try: ${experiment.name} (${before})\n`);
        break;
      } catch (error) {
        before = String(error).split('\n')[0];
        console.error(`${experiment.name} failed (seed ${dice.seed}):`, error);
        if (tries > 1) continue;
        failed += 1;
        list(`failed: ${experiment.name} (seed ${dice.seed})\n    ${error}\n`);
      }
    }
    console.error(`${experiment.name}: ${((performance.now() - startedAt) / 1_000).toFixed(1)} s`);
  };
  // Mostly they wait: CI runs two at a time; the long form one by one, so that its times are of one blow alone.
  await Promise.all(values.short ? [work(), work()] : [work()]);
  if (!values.json) console.log(table(results));
  console.log(`${chosen.length - failed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

function table(results: readonly ChaosResult[]): string {
  const rows = results.map(({ what, recoveredMs, acknowledged, failed, unknown, read, note }) => [
    what,
    recoveredMs === undefined ? '-' : `${(recoveredMs / 1_000).toFixed(2)} s`,
    String(acknowledged),
    String(failed),
    String(unknown),
    read === undefined ? '-' : String(read),
    note ?? '',
  ]);
  const all = [['experiment', 'recovered after', 'acknowledged', 'failed', 'unknown', 'read', 'note'], ...rows];
  const widths = [0, 1, 2, 3, 4, 5].map((column) => Math.max(...all.map((row) => (row[column] ?? '').length)));
  return all
    .map((row) =>
      row
        .map((cell, i) => cell.padEnd(widths[i] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
