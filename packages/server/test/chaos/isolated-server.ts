import { appendTo, ask, overTcp, startPostgres } from './postgres.js';

/**
 * Run by `network.ts` inside a network namespace: a PostgreSQL that other machines may reach. Says how in one line of JSON;
 * SIGTERM stops it.
 */
const root = process.argv[2] as string;
const server = await startPostgres(root, { listen_addresses: '*' });
appendTo(root, 'pg_hba.conf', 'host all all 10.213.0.0/16 scram-sha-256');
await ask(overTcp(server), 'select pg_reload_conf()');
const { user, password } = server.adminSettings;
process.on('SIGTERM', () => void server.stop({ fastMs: 2_000, immediateMs: 3_000 }).finally(() => process.exit(0)));
process.stdout.write(`${JSON.stringify({ port: server.port, user, password })}\n`);
// The server is a process group of its own; this one stays to stop it.
setInterval(() => {}, 1 << 30);
