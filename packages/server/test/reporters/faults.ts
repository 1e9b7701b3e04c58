import { relative } from 'node:path';
import type { SerializedError } from 'vitest';
import type { TestCase, TestModule } from 'vitest/node';

/** Of one error: what it says, at most so many lines, and where it was thrown. */
const messageLinesMax = 4;

/**
 * What went wrong in a run, as `.ci/run` repeats it before its closing line: each failed test, file and unhandled error with the
 * first lines of what it said, and in one line each what passed only at the second try.
 */
export function faultsOf(modules: readonly TestModule[], unhandledErrors: readonly unknown[]): string[] {
  const failed: string[] = [];
  const flaky: string[] = [];
  for (const module of modules) {
    const file = module.relativeModuleId;
    // Of the file itself or of a hook: neither belongs to a test.
    for (const error of module.errors()) failed.push(entry(file, [error]));
    for (const suite of module.children.allSuites())
      for (const error of suite.errors()) failed.push(entry(`${file} > ${suite.fullName}`, [error]));
    for (const test of module.children.allTests()) {
      const name = `${file} > ${test.fullName}`;
      if (test.result().state !== 'passed') failed.push(entry(`${name}${notRun(test)}`, test.result().errors ?? []));
      else if (test.diagnostic()?.flaky)
        flaky.push(`passed at the second try: ${name} (${firstLine(test.result().errors?.[0])})\n`);
    }
  }
  for (const error of unhandledErrors) failed.push(entry('unhandled error', [error as SerializedError]));
  return [...failed, ...flaky];
}

const notRun = (test: TestCase) => (test.result().state === 'failed' ? '' : ` (${test.result().state}: never run)`);

function entry(name: string, errors: readonly SerializedError[]): string {
  return [`failed: ${name}`, ...errors.flatMap(linesOf)].map((line) => `${line}\n`).join('');
}

const firstLine = (error: SerializedError | undefined) => (error === undefined ? '' : linesOf(error)[0]?.trim());

function linesOf(error: SerializedError): string[] {
  const thrown = error.stacks?.find(({ file }) => !file.includes('node_modules'));
  const said = `${error.name ?? 'Error'}: ${error.message}`.split('\n').filter((line) => line.trim() !== '');
  const shown = said.slice(0, messageLinesMax).map((line) => `    ${line.slice(0, 300)}`);
  return thrown === undefined ? shown : [...shown, `    at ${relative('.', thrown.file)}:${thrown.line}`];
}
