import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type ConnectionSettings, connectionSettings } from '../../src/postgres/connection-settings.js';
import type { Undo } from './experiment.js';

export interface IsolatedServer {
  readonly admin: ConnectionSettings;
  /** Nothing comes through any more, in either direction, and nobody is told. */
  cut(): void;
  join(): void;
  /** After its PostgreSQL was killed: on the same port again. */
  restart(): Promise<void>;
}

const ip = (...args: string[]) => execFileSync('ip', args, { stdio: ['ignore', 'pipe', 'pipe'] });

/** A PostgreSQL in a network namespace of its own, reached through a pair of virtual network cards. */
export async function startIsolated(undo: Undo, root: string): Promise<IsolatedServer> {
  const id = randomInt(1 << 14);
  const net = `10.213.${id >> 6}`;
  const base = (id & 63) * 4;
  const [outside, inside] = [`${net}.${base + 1}`, `${net}.${base + 2}`];
  const namespace = `cofferdam-${id}`;
  const [near, far] = [`cfn${id}`, `cff${id}`];
  ip('netns', 'add', namespace);
  undo.add(() => ip('netns', 'del', namespace));
  ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', namespace);
  undo.add(() => ip('link', 'del', near));
  ip('addr', 'add', `${outside}/30`, 'dev', near);
  ip('link', 'set', near, 'up');
  ip('-n', namespace, 'addr', 'add', `${inside}/30`, 'dev', far);
  for (const device of ['lo', far]) ip('-n', namespace, 'link', 'set', device, 'up');

  let server = await startInside(namespace, root);
  undo.add(() => stopInside(server.child));
  const { port, user, password } = server;
  return {
    admin: connectionSettings({ host: inside, port, database: 'postgres', user, password }),
    cut: () => void ip('-n', namespace, 'link', 'set', far, 'down'),
    join: () => void ip('-n', namespace, 'link', 'set', far, 'up'),
    async restart() {
      await stopInside(server.child);
      server = await startInside(namespace, root);
      if (server.port !== port) throw new Error('another port than before');
    },
  };
}

async function startInside(namespace: string, root: string) {
  const helper = fileURLToPath(new URL('./isolated-server.ts', import.meta.url));
  const args = ['netns', 'exec', namespace, process.execPath, ...process.execArgv, helper, root];
  const child = spawn('ip', args, { stdio: ['ignore', 'pipe', 'inherit'] });
  const said = await Promise.race([once(child.stdout, 'data'), once(child, 'exit').then(() => undefined)]);
  if (said === undefined) throw new Error('the PostgreSQL in the namespace did not start');
  const settings: { port: number; user: string; password: string } = JSON.parse(String(said[0]));
  return { child, ...settings };
}

async function stopInside(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  child.kill('SIGTERM');
  await once(child, 'exit');
}
