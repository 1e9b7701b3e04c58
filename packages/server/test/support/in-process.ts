import { vi } from 'vitest';
import { main } from '../../src/cli/main.js';
import { variables } from '../../src/config.js';
import { captureOutput } from './capture.js';
import type { Finished } from './program.js';

/**
 * A command without a process of its own, which takes most of a second to start: for those that ask a server and end. Same answer
 * as `run` of `program.ts`; one at a time, since environment and output are those of this process meanwhile.
 */
export async function runInProcess(
  args: readonly string[],
  { environment = {} }: { readonly environment?: Readonly<Record<string, string>> } = {},
): Promise<Finished> {
  const [environmentBefore, exitCodeBefore] = [process.env, process.exitCode];
  const bare = Object.entries(environmentBefore).filter(([name]) => !(name in variables));
  process.env = { ...Object.fromEntries(bare), SERVER_PORT: '0', ACCESS_PORT: '0', TENANTS_PORT: '0', ...environment };
  process.exitCode = undefined;
  const listeners = process.stdout.listeners('error');
  const printed = { stdout: '', stderr: '' };
  const spies = [
    vi.spyOn(console, 'log').mockImplementation((...texts) => {
      printed.stdout += `${texts.join(' ')}\n`;
    }),
    ...(['stdout', 'stderr'] as const).map((stream) =>
      vi.spyOn(process[stream], 'write').mockImplementation((text) => {
        printed[stream] += String(text);
        return true;
      }),
    ),
  ];
  try {
    const code = await main(args);
    for (const line of printed.stdout.split('\n')) if (line.startsWith('{"level"')) captureOutput('log', line);
    return { code, ...printed };
  } finally {
    for (const spy of spies) spy.mockRestore();
    for (const listener of process.stdout.listeners('error'))
      if (!listeners.includes(listener)) process.stdout.off('error', listener as () => void);
    process.env = environmentBefore;
    process.exitCode = exitCodeBefore;
  }
}
