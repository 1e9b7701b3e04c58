import { parseArgs } from 'node:util';
import { openEmbedded, openSeparate, type Place, type Victim } from '../packages/server/test/crash/places.js';
import { type RoundResult, runRounds } from '../packages/server/test/crash/rounds.js';
import { seededRandom } from '../packages/server/test/ledger/concurrency/seeded-random.js';

const help = `npm run test:crash -- [options]

Kills the server, PostgreSQL's postmaster, one backend of it, or server and postmaster together with SIGKILL at random moments
under load, and compares the books with what the clients were told. Half of the rounds against an embedded PostgreSQL,
half against one of its own.

  --rounds N   in total (default 56)
  --seed S     of an earlier run
  --serving-ms-max N  longer than 5000 on a machine that is busy with other things
  --json       one line of JSON a round instead of text
  --help       this text

Exits 0 when in every round all that was acknowledged is there once, nothing that was refused is there, all sums are zero,
and the first post was accepted less than 5 s after the restart.
`;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '56' },
    seed: { type: 'string' },
    'serving-ms-max': { type: 'string', default: '5000' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});
const servingMsMax = Number(values['serving-ms-max']);
if (values.help) {
  console.log(help);
} else {
  await main(Number(values.rounds), values.seed === undefined ? undefined : Number(values.seed));
}

async function main(rounds: number, given: number | undefined): Promise<void> {
  const { seed, pick } = seededRandom(given);
  console.error(`seed ${seed}`);
  const all: RoundResult[] = [];
  // PostgreSQL on its own first: there the server has to live through what happens to it.
  for (const [open, share] of [
    [openSeparate, Math.ceil(rounds / 2)],
    [openEmbedded, Math.floor(rounds / 2)],
  ] as const) {
    const kinds: readonly Victim[] = ['server', 'backend', 'postmaster', 'both'];
    // Each kind as often as any other, in an order that nobody chose.
    const victims: Victim[] = [];
    while (victims.length < share)
      victims.push(victims.length + kinds.length <= share ? (kinds[victims.length % 4] as Victim) : pick(kinds));
    const place: Place = await open();
    const stop = () => void place.remove().finally(() => process.exit(130));
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
    try {
      const onRound = (result: RoundResult) => {
        all.push(result);
        console.log(values.json ? JSON.stringify(result) : line(result, all.length, rounds));
      };
      await runRounds(place, { victims: shuffled(victims, pick), seed, servingMsMax, onRound });
    } finally {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.removeListener(signal, stop);
      await place.remove();
    }
  }
  const slowest = Math.max(...all.map(({ servingMs }) => servingMs));
  const acknowledged = all.reduce((sum, each) => sum + each.acknowledged, 0);
  const unknown = all.reduce((sum, each) => sum + each.unknown, 0);
  console.error(
    `${all.length} rounds, seed ${seed}: ${acknowledged} acknowledged, ${unknown} cut off and asked for again; all there once. Slowest restart ${Math.round(slowest)} ms.`,
  );
}

function line({ place, victim, servingMs, acknowledged, unknown }: RoundResult, round: number, rounds: number): string {
  return `${String(round).padStart(3)}/${rounds}  ${place}: ${victim.padEnd(10)} serving after ${String(Math.round(servingMs)).padStart(5)} ms, ${acknowledged} acknowledged, ${unknown} unknown`;
}

function shuffled<T>(list: readonly T[], pick: (rest: readonly T[]) => T): T[] {
  const rest = [...list];
  return list.map(() => rest.splice(rest.indexOf(pick(rest)), 1)[0] as T);
}
