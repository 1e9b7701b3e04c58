import { defineConfig } from 'vitest/config';

/** Not part of `npm test`: needs the tools that scripts/test-deployment.sh installs. */
export default defineConfig({
  test: {
    root: new URL('..', import.meta.url).pathname,
    include: ['deploy/test/**/*.test.ts'],
    reporters: ['default', './packages/server/test/reporters/closing-line.ts'],
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
