// The long form of the hostile requests: npm run test:attack -- --requests 1000000 [--seed n]
import { spawnSync } from 'node:child_process';
import { parseArgs } from 'node:util';

const { values } = parseArgs({
  options: {
    requests: { type: 'string', default: '1000000' },
    'family-min': { type: 'string', default: '20000' },
    seed: { type: 'string' },
  },
});
for (const [name, value] of Object.entries(values))
  if (!/^\d{1,9}$/.test(value ?? '0')) {
    console.error(`--${name} must be a whole number, not ${value}`);
    process.exit(2);
  }
const { status } = spawnSync(
  process.execPath,
  ['node_modules/vitest/vitest.mjs', 'run', 'packages/server/test/attack/hostile-requests.test.ts'],
  {
    stdio: 'inherit',
    env: {
      ...process.env,
      ATTACK_REQUESTS: values.requests,
      ATTACK_FAMILY_MIN: values['family-min'],
      ...(values.seed === undefined ? {} : { TEST_SEED: values.seed }),
    },
  },
);
process.exit(status ?? 1);
