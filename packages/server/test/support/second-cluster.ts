import { spawnSync } from 'node:child_process';
import { appendFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { type ConnectionSettings, toDatabaseUrl } from '../../src/postgres/connection-settings.js';
import { layoutOf } from '../../src/postgres/embedded/layout.js';
import { startEmbedded } from '../../src/postgres/embedded/start-embedded.js';
import { temporaryPrefix } from './remove-abandoned.js';

export interface SecondCluster {
  /** Its superuser. */
  readonly admin: ConnectionSettings;
  /** The file in which it says what happens. */
  readonly log: string;
  query(text: string, values?: unknown[], database?: string): Promise<pg.QueryResult>;
  /** A hot standby that streams from it, made by a base backup. */
  startReplica(): Promise<{
    readonly port: number;
    query(text: string): Promise<pg.QueryResult>;
    stop(): Promise<void>;
  }>;
  stop(): Promise<void>;
}

/** Another PostgreSQL beside the run's own: embedded, without flushing. */
export async function startSecondCluster(settings: Readonly<Record<string, string>> = {}): Promise<SecondCluster> {
  const folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
  const server = await startEmbedded({
    directory: join(folder, 'postgres'),
    log: { warn() {} },
    ourFolders: [folder],
    keepRunning: false,
    settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off', ...settings },
  });
  const query = async (admin: ConnectionSettings, text: string, values: unknown[] = []) => {
    const client = new pg.Client(toDatabaseUrl(admin));
    await client.connect();
    try {
      return await client.query(text, values);
    } finally {
      await client.end();
    }
  };
  return {
    admin: server.adminSettings,
    log: layoutOf(join(folder, 'postgres')).log,
    query: (text, values, database = 'postgres') => query({ ...server.adminSettings, database }, text, values),
    async startReplica() {
      const { data } = layoutOf(join(folder, 'postgres'));
      appendFileSync(join(data, 'pg_hba.conf'), 'host replication all 127.0.0.1/32 scram-sha-256\n');
      await query(server.adminSettings, 'select pg_reload_conf()');
      const replica = join(folder, 'replica');
      await backUp(server.adminSettings, join(folder, 'postgres'), replica);
      const standby = await startEmbedded({
        directory: replica,
        log: { warn() {} },
        ourFolders: [folder],
        settings: { fsync: 'off', hot_standby: 'on', ...settings },
      });
      return {
        port: standby.port,
        query: (text: string) => query(standby.adminSettings, text),
        stop: () => standby.stop({ fastMs: 1_000, immediateMs: 3_000 }),
      };
    },
    async stop() {
      await server.stop({ fastMs: 1_000, immediateMs: 3_000 });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** A server at work removes files: one that was gone when its turn came is no fault, its log brings what is missing. */
function copyLive(from: string, to: string): void {
  const { status, stderr } = spawnSync('cp', ['-a', from, to], {
    encoding: 'utf8',
    env: { ...process.env, LC_ALL: 'C' },
  });
  const faults = stderr.split('\n').filter((line) => line !== '' && !line.endsWith(': No such file or directory'));
  if (status !== 0 && (faults.length > 0 || stderr === '')) throw new Error(`cp ended with ${status}: ${stderr}`);
}

/** A base backup by the low-level interface: the binaries at hand have no pg_basebackup. */
async function backUp(admin: ConnectionSettings, from: string, to: string): Promise<void> {
  const client = new pg.Client(toDatabaseUrl(admin));
  await client.connect();
  try {
    await client.query(`select pg_backup_start('replica', true)`);
    mkdirSync(to, { mode: 0o700 });
    copyLive(join(from, 'cluster'), to);
    const { rows } = await client.query('select labelfile from pg_backup_stop(false)');
    const { data } = layoutOf(to);
    for (const file of ['postmaster.pid', 'postmaster.opts']) rmSync(join(data, file), { force: true });
    writeFileSync(join(data, 'backup_label'), rows[0].labelfile);
    writeFileSync(join(data, 'standby.signal'), '');
    const { port, user, password } = admin;
    const source = `host=127.0.0.1 port=${port} user=${user} password=${password}`;
    appendFileSync(join(data, 'postgresql.auto.conf'), `primary_conninfo = '${source}'\n`);
  } finally {
    await client.end();
  }
}
