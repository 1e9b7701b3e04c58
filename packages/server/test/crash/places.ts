import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ConnectionSettings } from '../../src/postgres/connection-settings.js';
import { toDatabaseUrl } from '../../src/postgres/connection-settings.js';
import { layoutOf } from '../../src/postgres/embedded/layout.js';
import { processesStandingIn } from '../../src/postgres/embedded/processes.js';
import { type EmbeddedServer, startEmbedded } from '../../src/postgres/embedded/start-embedded.js';
import { endOrphans } from '../../src/postgres/embedded/stop-postmaster.js';
import { connectionOf } from '../support/embedded-connection.js';
import { Program, temporaryDataFolder } from '../support/program.js';

/** What is killed with SIGKILL: the program, one backend of PostgreSQL, its postmaster, or program and postmaster. */
export type Victim = 'server' | 'backend' | 'postmaster' | 'both';

/** A running program and its PostgreSQL, and how an operator brings back what was killed. */
export interface Place {
  readonly name: string;
  /** Of the ledger; another one after a restart. */
  readonly url: string;
  readonly admin: ConnectionSettings;
  killServer(): void;
  readonly postmasterPid: number;
  /** Starts what does not run any more. */
  restore(victim: Victim): Promise<void>;
  remove(): Promise<void>;
}

const quiet = { warn() {} };

async function serve(environment: Readonly<Record<string, string>>): Promise<{ program: Program; url: string }> {
  const program = new Program(['serve'], { environment: { LOG_LEVEL: 'info', ...environment } });
  return { program, url: (await program.serving(90_000)).ledger };
}

async function kill(program: Program): Promise<void> {
  program.child.kill('SIGKILL');
  await program.finished;
}

/** PostgreSQL on its own, as with `DATABASE_URL`: the program lives on when it goes. */
export async function openSeparate(): Promise<Place> {
  const folder = temporaryDataFolder();
  const root = join(folder.path, '..');
  const start = (): Promise<EmbeddedServer> =>
    startEmbedded({ directory: join(root, 'postgres'), log: quiet, ourFolders: [root], keepRunning: false });
  let postgres = await start();
  const environment = {
    COFFERDAM_DATA_DIR: folder.path,
    DATABASE_URL: toDatabaseUrl(postgres.adminSettings),
    COFFERDAM_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
  };
  let running = await serve(environment);
  return {
    name: 'PostgreSQL apart',
    get url() {
      return running.url;
    },
    get admin() {
      return postgres.adminSettings;
    },
    get postmasterPid() {
      return postgres.pid;
    },
    killServer: () => void running.program.child.kill('SIGKILL'),
    async restore(victim) {
      if (victim === 'postmaster' || victim === 'both') {
        await postgres.stop();
        postgres = await start();
      }
      if (victim === 'server' || victim === 'both') {
        await running.program.finished;
        running = await serve(environment);
      }
    },
    async remove() {
      await kill(running.program);
      await postgres.stop({ fastMs: 2_000, immediateMs: 3_000 });
      folder.remove();
    },
  };
}

/** As `npm start` on a bare machine: the program owns its PostgreSQL and takes over what a killed one left running. */
export async function openEmbedded(): Promise<Place> {
  const folder = temporaryDataFolder();
  const environment = { COFFERDAM_DATA_DIR: folder.path };
  let running = await serve(environment);
  const root = join(folder.path, 'postgres');
  return {
    name: 'embedded PostgreSQL',
    get url() {
      return running.url;
    },
    get admin() {
      return connectionOf(root) as ConnectionSettings;
    },
    get postmasterPid() {
      return Number(readFileSync(layoutOf(root).postmasterPid, 'utf8').split('\n')[0]);
    },
    killServer: () => void running.program.child.kill('SIGKILL'),
    async restore(victim) {
      // The program starts its PostgreSQL again by itself.
      if (victim === 'backend' || victim === 'postmaster') return;
      await kill(running.program);
      running = await serve(environment);
    },
    async remove() {
      await kill(running.program);
      const { data } = layoutOf(root);
      for (const signal of ['SIGINT', 'SIGQUIT'] as const) {
        if ((await processesStandingIn(data)).length === 0) break;
        process.kill(Number(readFileSync(layoutOf(root).postmasterPid, 'utf8').split('\n')[0]), signal);
        for (let i = 0; i < 40 && (await processesStandingIn(data)).length > 0; i += 1) await delay(50);
      }
      await endOrphans(data);
      folder.remove();
    },
  };
}
