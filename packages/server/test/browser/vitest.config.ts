import { defineConfig } from 'vitest/config';
import base from '../../../../vitest.config.js';

/** `npm run test:browser`: what needs a real browser. Everything else is the root's. */
export default defineConfig({
  ...base,
  test: {
    ...base.test,
    include: ['packages/server/test/browser/**/*.browser.ts'],
    globalSetup: ['packages/server/test/support/global-setup.ts', 'packages/server/test/browser/find-chromium.ts'],
  },
});
