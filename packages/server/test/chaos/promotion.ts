import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { type ConnectionSettings, connectionSettings } from '../../src/postgres/connection-settings.js';
import { layoutOf } from '../../src/postgres/embedded/layout.js';
import type { EmbeddedServer } from '../../src/postgres/embedded/start-embedded.js';
import { PrimaryAddress } from '../../src/postgres/primary-address.js';
import { openClients, strike } from './blow.js';
import { type ChaosOptions, type ChaosResult, type Experiment, Undo, within } from './experiment.js';
import { startIsolated } from './network.js';
import { appendTo, ask, overTcp, startPostgres } from './postgres.js';
import { temporaryRoot } from './single.js';
import { call, World } from './world.js';

/**
 * A primary with a synchronous replica under the whole installation (control, access, tenants). The primary is lost under load, the
 * replica promoted as docs/runbooks/promote-a-replica.md says; the processes find it by themselves, every acknowledged
 * transaction is there, and a process started beside the old primary, which came back, does not take it for the primary.
 */
export const promotion: Experiment = {
  name: 'promotion',
  async run(options) {
    const killed = await lose(options, 'kill -9');
    return options.form === 'short' ? [killed] : [killed, await lose(options, 'vanished from the network')];
  },
};

async function lose(options: ChaosOptions, how: 'kill -9' | 'vanished from the network'): Promise<ChaosResult> {
  const undo = new Undo();
  try {
    const [oldRoot, newRoot] = [temporaryRoot(undo), temporaryRoot(undo)];
    const primary = await startIsolated(undo, oldRoot);
    const replica = await startReplica(undo, primary.admin, oldRoot, newRoot);
    // From here on no commit is acknowledged before the replica has it on disk.
    await ask(primary.admin, `alter system set synchronous_standby_names = '*'`);
    await ask(primary.admin, 'select pg_reload_conf()');
    await within(10_000, 'the replica is synchronous', async () => {
      const [row] = await ask(primary.admin, 'select sync_state from pg_stat_replication');
      return row?.sync_state === 'sync';
    });

    const addressOf = ({ host, port }: ConnectionSettings) => ({ host, port });
    const promoted = overTcp(replica);
    const world = new World(
      connectionSettings({
        ...primary.admin,
        addresses: new PrimaryAddress([addressOf(primary.admin), addressOf(promoted)]),
      }),
    );
    undo.add(() => world.remove());
    await world.start();
    const { database, token } = await world.tenant();
    const clients = await openClients(options, {
      url: () => world.urls.ledger,
      admin: () => promoted,
      database,
      token,
    });
    undo.add(() => clients.close());
    const pid = Number(readFileSync(layoutOf(join(oldRoot, 'postgres')).postmasterPid, 'utf8').split('\n')[0]);
    const result = await strike(options, clients, {
      what: `primary ${how} under load, synchronous replica promoted`,
      // Until an operator, or the tool that watches, has decided.
      holdMs: options.form === 'short' ? 500 : 5_000,
      strike: async () => (how === 'kill -9' ? process.kill(pid, 'SIGKILL') : primary.cut()),
      heal: () => ask(promoted, 'select pg_promote()'),
      recoverMsMax: 60_000,
    });

    if (how === 'kill -9') await primary.restart();
    else primary.join();
    const [{ old }] = await ask(primary.admin, 'select not pg_is_in_recovery() as old');
    if (!old) throw new Error('the old primary is not back as one');
    const started = performance.now();
    const second = await world.start();
    const { status } = await call(second.url, 'GET', '/v1/organizations', { token });
    if (status !== 200) throw new Error(`a process started after the promotion answers ${status}`);
    const rows = await ask(
      { ...primary.admin, database: 'postgres' },
      `select count(*)::int as sessions from pg_stat_activity where application_name like 'cofferdam%'
          and application_name <> 'cofferdam start' and backend_start > now() - interval '1 second' * $1`,
      [(performance.now() - started) / 1_000],
    );
    if (rows[0].sessions > 0) throw new Error(`${rows[0].sessions} sessions went to the old primary`);
    return { ...result, note: 'the old primary came back, and a new process left it alone' };
  } finally {
    await undo.run();
  }
}

/** A base backup by the low-level interface (the embedded binaries have no pg_basebackup), then a server in recovery. */
async function startReplica(
  undo: Undo,
  primary: ConnectionSettings,
  oldRoot: string,
  newRoot: string,
): Promise<EmbeddedServer> {
  appendTo(oldRoot, 'pg_hba.conf', 'host replication all 10.213.0.0/16 scram-sha-256');
  const { host, port, user, password } = primary;
  const client = new pg.Client({ host, port, user, password, database: 'postgres' });
  await client.connect();
  try {
    await client.query('select pg_reload_conf()');
    await client.query(`select pg_backup_start('replica', true)`);
    const folder = join(newRoot, 'postgres');
    mkdirSync(folder, { mode: 0o700 });
    execFileSync('cp', ['-a', join(oldRoot, 'postgres', 'cluster'), folder]);
    const { rows } = await client.query('select labelfile from pg_backup_stop(false)');
    const { data } = layoutOf(folder);
    for (const file of ['postmaster.pid', 'postmaster.opts']) rmSync(join(data, file), { force: true });
    writeFileSync(join(data, 'backup_label'), rows[0].labelfile);
    writeFileSync(join(data, 'standby.signal'), '');
    const source = `host=${host} port=${port} user=${user} password=${password} application_name=replica`;
    appendTo(newRoot, 'postgresql.auto.conf', `primary_conninfo = '${source}'`);
  } finally {
    await client.end();
  }
  const replica = await startPostgres(newRoot);
  undo.add(() => replica.stop({ fastMs: 2_000, immediateMs: 3_000 }));
  return replica;
}
