import type { AdminServer } from '../admin-connections.js';
import { runningBuilds } from '../fleet/held-contracts.js';
import { type Check, type DoctorTools, eachServer, type Report, reporter } from './finding.js';

const skewMsMax = 2_000;

/** PostgreSQL itself: version, settings on which a ledger depends, room for connections, clock. */
export const checkServers: Check = {
  id: 'servers',
  what: 'versions, settings, connection budget and clocks of the PostgreSQL servers',
  async run(tools) {
    const { findings, report } = reporter('servers');
    await eachServer(tools, report, async (server) => {
      await checkSettings(server, report);
      await checkClock(server, tools, report);
      await checkBudget(server, tools, report);
    });
    return findings;
  },
};

async function checkSettings({ id, cluster, sharedDatabase }: AdminServer, report: Report): Promise<void> {
  const { rows } = await cluster.query<Record<string, string>>(
    `select current_setting('server_version_num') as version, current_setting('server_version') as version_text,
            current_setting('fsync') as fsync, current_setting('full_page_writes') as full_page_writes,
            current_setting('synchronous_commit') as synchronous_commit, current_setting('data_checksums') as checksums,
            current_setting('password_encryption') as password_encryption, current_setting('ssl') as ssl,
            (select pg_encoding_to_char(encoding) from pg_database where datname = $1) as encoding`,
    [sharedDatabase],
  );
  const is = rows[0] ?? {};
  const subject = `server ${id}`;
  if (Number(is['version']) < 150_000)
    report('error', subject, `runs PostgreSQL ${is['version_text']}`, 'Upgrade to PostgreSQL 15 or later.');
  for (const name of ['fsync', 'full_page_writes', 'synchronous_commit'])
    if (is[name] === 'off')
      report(
        'error',
        subject,
        `${name} is off: a crash can lose or damage transactions that were answered with 2xx`,
        `ALTER SYSTEM SET ${name} = on; SELECT pg_reload_conf();`,
      );
  if (is['checksums'] === 'off')
    report(
      'note',
      subject,
      'data checksums are off: damage on disk is not noticed when it is read',
      'Stop the server once and run pg_checksums --enable.',
    );
  if (is['password_encryption'] !== 'scram-sha-256')
    report(
      'warning',
      subject,
      `password_encryption is ${is['password_encryption']}`,
      `ALTER SYSTEM SET password_encryption = 'scram-sha-256'; passwords set by hand would be weak.`,
    );
  if ((is['encoding'] ?? 'UTF8') !== 'UTF8')
    report('error', subject, `${sharedDatabase} has encoding ${is['encoding']}`, 'Make the database anew with UTF8.');
}

async function checkClock({ id, cluster }: AdminServer, { now }: DoctorTools, report: Report): Promise<void> {
  const before = now().getTime();
  const { rows } = await cluster.query<{ ms: number }>(
    'select extract(epoch from clock_timestamp())::float8 * 1000 as ms',
  );
  const middle = (before + now().getTime()) / 2;
  const skewMs = Math.round(Number(rows[0]?.ms) - middle);
  if (Math.abs(skewMs) > skewMsMax)
    report(
      'warning',
      `server ${id}`,
      `its clock is ${Math.abs(skewMs / 1_000).toFixed(1)} s ${skewMs > 0 ? 'ahead of' : 'behind'} this machine's`,
      'Keep both in step (NTP): tokens, time-outs and dates of transactions depend on it.',
    );
}

async function checkBudget(server: AdminServer, tools: DoctorTools, report: Report): Promise<void> {
  const { rows } = await server.cluster.query<{ max: number; reserved: number; used: number }>(
    `select current_setting('max_connections')::int as max, current_setting('superuser_reserved_connections')::int as reserved,
            (select count(*)::int from pg_stat_activity where backend_type = 'client backend') as used`,
  );
  const { max = 0, reserved = 0, used = 0 } = rows[0] ?? {};
  const usable = max - reserved;
  const processes = Math.max(1, (await runningBuilds(tools.control.pool, tools.names.role('control_reader'))).length);
  const wanted = processes * tools.connectionBudget;
  if (wanted > usable * 0.8)
    report(
      wanted > usable ? 'error' : 'warning',
      `server ${server.id}`,
      `${processes} ledger ${processes === 1 ? 'process' : 'processes'} may open ${tools.connectionBudget} connections each, ${wanted} in all; the server has room for ${usable}`,
      'Lower MULTI_TENANT_MAX_CONNECTIONS or raise max_connections: 80 % of them is a sound share.',
    );
  if (used > usable * 0.9)
    report(
      'warning',
      `server ${server.id}`,
      `${used} of ${usable} connections are in use`,
      'Find who holds them (pg_stat_activity).',
    );
}
