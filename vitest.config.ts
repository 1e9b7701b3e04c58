import { configDefaults, defineConfig } from 'vitest/config';
import { memoryFolder } from './packages/server/test/support/memory-folder.js';
import { SlowFirst } from './packages/server/test/support/slow-first.js';

// Everything temporary of all tests and the programs that they start.
const folder = memoryFolder();
if (folder !== undefined) process.env['TMPDIR'] = folder;

export default defineConfig({
  resolve: { conditions: ['source'] },
  ssr: { resolve: { conditions: ['source', 'node'] } },
  test: {
    include: ['packages/*/src/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'bench/**/*.test.ts'],
    // Kills at every step and scans of everything, a minute and more: `npm run test:long`, which CI runs after these.
    exclude: [...configDefaults.exclude, ...(process.env['TEST_LONG'] === '1' ? [] : ['**/*.long.test.ts'])],
    reporters: [process.env['CI'] ? 'dot' : 'default', './packages/server/test/reporters/closing-line.ts'],
    globalSetup: ['packages/server/test/support/global-setup.ts'],
    // A shared machine may stall for seconds; what fails twice is no accident.
    retry: process.env['CI'] ? 1 : 0,
    sequence: { sequencer: SlowFirst },
    pool: 'forks',
    // No module keeps state outside composition, so a worker's files share their imports: half a minute less.
    isolate: false,
    // Tests wait for PostgreSQL, other processes and clocks a third of their time: three keep two processors busy.
    maxWorkers: 3,
    // Both only end what hangs: what a test promises about time it says itself. A machine may be slow, and others busy on it.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    expect: { poll: { timeout: 15_000 } },
  },
});
