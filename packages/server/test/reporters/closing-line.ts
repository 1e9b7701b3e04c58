import { appendFileSync } from 'node:fs';
import type { Reporter, TestModule } from 'vitest/node';
import { scanForLeaks } from '../support/leak-scan.js';
import { faultsOf } from './faults.js';

/**
 * Ends every run with one line, `N passed, N failed`. A file that cannot be loaded counts as one failed test. The last test of
 * each run is that nothing its servers said holds a secret that the run made. What failed, and what passed only at the second
 * try, is appended to the file that TEST_FAULTS names.
 */
export default class ClosingLine implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): void {
    let passed = 0;
    let failed = unhandledErrors.length;
    for (const module of modules) {
      if (module.errors().length > 0) failed += 1;
      for (const suite of module.children.allSuites()) if (suite.errors().length > 0) failed += 1; // by a hook
      for (const test of module.children.allTests()) {
        if (test.result().state === 'passed') passed += 1;
        else failed += 1; // skipped or never run: this suite has no skipped tests
      }
    }
    if (passed + failed === 0) failed = 1;
    const problem = leaksOf(modules);
    if (problem === undefined) passed += 1;
    else failed += 1;
    if (failed > 0) process.exitCode = 1;
    const list = process.env['TEST_FAULTS'];
    if (list !== undefined)
      appendFileSync(list, [...faultsOf(modules, unhandledErrors), problem && `failed: ${problem}`].join(''));
    // After every other reporter has written.
    setImmediate(() => process.stdout.write(`\n${problem ?? ''}${passed} passed, ${failed} failed\n`));
  }
}

function leaksOf(modules: readonly TestModule[]): string | undefined {
  const folder = modules[0]?.project.getProvidedContext().captureFolder;
  if (folder === undefined) return;
  const { leaks, blind, secrets, bytes } = scanForLeaks(folder);
  if (blind) return 'The scan for secrets did not find the one that was planted.\n';
  if (leaks.length === 0) return undefined;
  const lines = leaks.slice(0, 20).map(({ kind, source }) => `  ${kind} in ${source}\n`);
  return `Of ${secrets} secrets, ${leaks.length} were said in ${bytes} characters of output:\n${lines.join('')}`;
}
