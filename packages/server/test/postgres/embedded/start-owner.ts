import { type ChildProcess, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export interface Ready {
  readonly host: string;
  readonly port: number;
  readonly database: string;
  readonly user: string;
  readonly password: string;
  readonly pid: number;
  readonly adopted: boolean;
}

export interface Owner {
  readonly process: ChildProcess;
  /** Undefined when the process ended without getting ready. */
  readonly ready: Promise<Ready | undefined>;
  /** Exit code, or the signal's name. */
  readonly exit: Promise<number | NodeJS.Signals>;
  /** What it wrote to standard error so far. */
  said(): string;
  /** Resolves once it has said this. */
  hears(text: string): Promise<void>;
}

/** Runs `owner.ts` in a process of its own, as another user if asked. */
export function startOwner(
  options: { readonly directory: string; readonly allowNamespace?: boolean },
  user?: { readonly uid: number; readonly gid: number },
): Owner {
  const script = fileURLToPath(new URL('owner.ts', import.meta.url));
  const child = spawn(
    process.execPath,
    ['--conditions=source', '--import', import.meta.resolve('tsx'), script, JSON.stringify(options)],
    { ...user, stdio: ['ignore', 'pipe', 'pipe'], env: { PATH: process.env['PATH'], HOME: '/nonexistent' } },
  );
  let errors = '';
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8');
  });
  const exit = new Promise<number | NodeJS.Signals>((resolve) => {
    child.on('close', (code, signalName) => resolve(signalName ?? code ?? -1));
  });
  const ready = new Promise<Ready | undefined>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
      if (output.includes('\n')) resolve(JSON.parse(output) as Ready);
    });
    child.on('close', () => resolve(undefined));
  });
  return {
    process: child,
    ready,
    exit,
    said: () => errors,
    async hears(text) {
      while (!errors.includes(text)) {
        if (child.exitCode !== null) throw new Error(`ended before saying ${text}: ${errors}`);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    },
  };
}
