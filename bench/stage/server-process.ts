import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';

export interface ServerProcess {
  readonly pid: number;
  readonly ledgerPort: number;
  readonly urls: { readonly ledger: string; readonly access: string; readonly tenants: string };
  /** Sends a message to the program and waits for its answer. */
  ask(message: object): Promise<unknown>;
  stop(): Promise<void>;
}

const startMsMax = 60_000;

/** Starts a server as a child and waits until its log says that it serves. */
export async function startServerProcess(
  args: readonly string[],
  environment: Readonly<Record<string, string>>,
): Promise<ServerProcess> {
  const child = spawn(process.execPath, args, {
    env: { PATH: process.env['PATH'], SERVER_PORT: '0', ACCESS_PORT: '0', TENANTS_PORT: '0', ...environment },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  // Whatever ends the bench, no server of its stays behind.
  const end = () => void child.kill('SIGKILL');
  process.once('exit', end);
  child.once('exit', () => process.removeListener('exit', end));
  const urls = await readUrls(child);
  return {
    pid: child.pid as number,
    ledgerPort: Number(new URL(urls.ledger).port),
    urls,
    async ask(message) {
      child.send(message);
      const [answer] = await once(child, 'message');
      return answer;
    },
    async stop() {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const closed = once(child, 'close');
      child.kill('SIGTERM');
      await closed;
    },
  };
}

function readUrls(child: ChildProcess): Promise<ServerProcess['urls']> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const giveUp = (why: string) => {
      child.kill('SIGKILL');
      reject(new Error(`a server did not start: ${why}\n${printed.slice(-2_000)}`));
    };
    const timer = setTimeout(() => giveUp('no answer in time'), startMsMax);
    const read = (chunk: Buffer) => {
      if (printed.length < 100_000) printed += chunk;
      const line = printed.split('\n').find((text) => text.startsWith('{') && text.includes('"serving"'));
      if (line === undefined) return;
      clearTimeout(timer);
      // Later lines still have to be read, or the child stands still when the pipe is full.
      child.stdout?.removeListener('data', read).resume();
      child.stderr?.removeListener('data', read).pipe(process.stderr);
      resolve(JSON.parse(line).urls);
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => giveUp(`it ended with ${code}`));
  });
}
