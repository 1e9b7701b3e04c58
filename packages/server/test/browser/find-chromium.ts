import { existsSync } from 'node:fs';
import type { TestProject } from 'vitest/node';

declare module 'vitest' {
  export interface ProvidedContext {
    readonly chromiumPath: string;
  }
}

const usual = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/** @throws Error when there is no Chromium: this suite has no skipped tests */
export function setup(project: TestProject): void {
  const found = usual.find(existsSync);
  if (found === undefined) throw new Error(`no Chromium in ${usual.join(', ')}: scripts/test-chromium.sh installs it`);
  project.provide('chromiumPath', found);
}
