import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
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
}

const script = fileURLToPath(new URL('owner.mjs', import.meta.url));

/** Whether this user can run `owner.mjs` at all: not from a checkout, or with a Node, under somebody's private folder. */
export function canRunOwner(user: { readonly uid: number; readonly gid: number }): boolean {
  const probe = spawnSync(process.execPath, ['-e', `require('fs').readFileSync(${JSON.stringify(script)})`], {
    ...user,
    cwd: '/',
    stdio: 'ignore',
  });
  return probe.status === 0;
}

/** Runs `owner.mjs` in a process of its own, as another user if asked. */
export function startOwner(
  options: { readonly directory: string; readonly allowNamespace?: boolean },
  user?: { readonly uid: number; readonly gid: number },
): Owner {
  const child = spawn(process.execPath, [script, JSON.stringify(options)], {
    ...user,
    cwd: '/',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'], HOME: '/nonexistent' },
  });
  let errors = '';
  let output = '';
  child.stderr.on('data', (chunk: Buffer) => {
    errors += chunk.toString('utf8');
  });
  child.on('error', (error) => {
    errors += error.message;
  });
  const exit = new Promise<number | NodeJS.Signals>((resolve) => {
    child.on('close', (code, signalName) => resolve(signalName ?? code ?? -1));
    child.on('error', () => resolve(-1));
  });
  const ready = new Promise<Ready | undefined>((resolve) => {
    child.stdout.on('data', (chunk: Buffer) => {
      output += chunk.toString('utf8');
      if (output.includes('\n')) resolve(JSON.parse(output) as Ready);
    });
    child.on('close', () => resolve(undefined));
    child.on('error', () => resolve(undefined));
  });
  return {
    process: child,
    ready,
    exit,
    said: () => errors,
  };
}
