import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

/** The walk of the OpenAPI document, longer than `npm test` has time for: `npm run test:walk -- --rounds 100`. */
const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '50' },
    seed: { type: 'string' },
    only: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) {
  console.log(`npm run test:walk -- [--rounds 50] [--seed N] [--only operationId]

Calls each operation of openapi/openapi.json with generated sound and damaged requests. One round: 1 sound and 4 damaged
calls of each operation. The seed is printed; --seed repeats a run.`);
} else {
  const { status } = spawnSync('npx', ['vitest', 'run', 'packages/server/test/openapi/walk.test.ts'], {
    stdio: 'inherit',
    env: {
      ...process.env,
      WALK_ROUNDS: values.rounds,
      ...(values.seed && { TEST_SEED: values.seed }),
      ...(values.only && { WALK_ONLY: values.only }),
    },
  });
  process.exitCode = status ?? 1;
}
