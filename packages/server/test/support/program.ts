import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { captureOutput, registerSecret } from './capture.js';

const ownProgram = fileURLToPath(new URL('../../bin/cofferdam.js', import.meta.url));

/** What these print is the secrets that they were asked for. */
const asksForSecrets = /^(?:demo|logins|tenants create|operators add)\b/;
const passwordInUrl = /:\/\/[^:@/\s]+:([^@\s]+)@/g;

/** What the program was given, and what it has made in its data folder: nothing that it prints may hold it. */
function registerProgramSecrets(environment: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(environment)) {
    if (/(?:KEY|SECRET|PASSWORD)$/.test(name)) registerSecret(name, value);
    for (const [, password = ''] of value.matchAll(passwordInUrl)) registerSecret(name, password);
  }
  const folder = environment['COFFERDAM_DATA_DIR'];
  for (const name of folder === undefined || !existsSync(folder) ? [] : readdirSync(folder)) {
    if (!statSync(join(folder as string, name)).isFile()) continue;
    const text = readFileSync(join(folder as string, name), 'utf8');
    if (/-key$/.test(name)) registerSecret(name, text.trim());
    for (const [, password = ''] of text.matchAll(passwordInUrl)) registerSecret(name, password);
    for (const [, secret = ''] of text.matchAll(/"(?:password|clientSecret)": *"([^"]+)"/g))
      registerSecret(name, secret);
  }
}

export interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface ProgramOptions {
  readonly environment?: Readonly<Record<string, string>>;
  /** Node options before the program, e.g. a preload. */
  readonly node?: readonly string[];
  readonly uid?: number;
  /** Another build than this one. */
  readonly program?: string;
}

/** The compiled program as an operator runs it, with a clean environment and ports of its own. `npm test` compiles first. */
export class Program {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  #stdout = '';
  #stderr = '';

  constructor(
    args: readonly string[],
    { environment = {}, node = [], uid, program = ownProgram }: ProgramOptions = {},
  ) {
    this.child = spawn(process.execPath, [...node, program, ...args], {
      env: { PATH: process.env['PATH'], SERVER_PORT: '0', ACCESS_PORT: '0', TENANTS_PORT: '0', ...environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(uid === undefined ? {} : { uid, gid: uid }),
    });
    this.child.stdout?.on('data', (chunk) => (this.#stdout += chunk));
    this.child.stderr?.on('data', (chunk) => (this.#stderr += chunk));
    this.finished = once(this.child, 'close').then(([code]) => {
      registerProgramSecrets(environment);
      const said = `cofferdam ${args.slice(0, 2).join(' ')}`;
      captureOutput(`${said}, standard error`, this.#stderr);
      const isAsked = asksForSecrets.test(args.join(' '));
      for (const line of this.#stdout.split('\n'))
        if (!isAsked || line.startsWith('{"level"')) captureOutput(said, line);
      return { code, stdout: this.#stdout, stderr: this.#stderr };
    });
  }

  /** Resolves with the listeners' base URLs when the server says that it serves. */
  async serving(timeoutMs = 120_000): Promise<{ ledger: string; access: string; tenants: string }> {
    const deadline = Date.now() + timeoutMs;
    while (Date.now() < deadline) {
      const line = this.#stdout.split('\n').find((text) => text.includes('"serving"'));
      if (line) return JSON.parse(line).urls;
      if (this.child.exitCode !== null) break;
      await new Promise((resolve) => setTimeout(resolve, 25));
    }
    throw new Error(`the server does not serve:\n${this.#stdout}\n${this.#stderr}`);
  }

  async stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<Finished> {
    this.child.kill(signal);
    return this.finished;
  }
}

export const run = (args: readonly string[], options?: ProgramOptions): Promise<Finished> =>
  new Program(args, options).finished;

/** A folder of mode 0700, as `mktemp -d` makes it, with a data folder to be made inside. */
export function temporaryDataFolder(): { path: string; remove(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'cofferdam-cli-'));
  return { path: join(folder, 'data'), remove: () => rmSync(folder, { recursive: true, force: true }) };
}
