import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import pg from 'pg';
import { type ConnectionSettings, connectionSettings } from '../../src/postgres/connection-settings.js';
import { layoutOf } from '../../src/postgres/embedded/layout.js';
import { type EmbeddedServer, startEmbedded } from '../../src/postgres/embedded/start-embedded.js';

/** PostgreSQL of an experiment, with PostgreSQL's own durability, reached by TCP. Nobody starts it again by itself. */
export function startPostgres(root: string, settings: Readonly<Record<string, string>> = {}): Promise<EmbeddedServer> {
  const directory = join(root, 'postgres');
  return startEmbedded({ directory, log: { warn() {} }, ourFolders: [root], keepRunning: false, settings });
}

export function overTcp({ adminSettings, port }: EmbeddedServer, host = '127.0.0.1'): ConnectionSettings {
  return connectionSettings({ ...adminSettings, host, port });
}

/** For settings in pg_hba.conf and in postgresql.auto.conf; call `select pg_reload_conf()` afterwards. */
export function appendTo(root: string, file: string, line: string): void {
  appendFileSync(join(layoutOf(join(root, 'postgres')).data, file), `${line}\n`);
}

// biome-ignore lint/suspicious/noExplicitAny: tests read what they assert
export async function ask(settings: ConnectionSettings, text: string, values: unknown[] = []): Promise<any[]> {
  const { host, port, database, user, password } = settings;
  const client = new pg.Client({ host, port, database, user, password, connectionTimeoutMillis: 3_000 });
  client.on('error', () => {});
  await client.connect();
  try {
    return (await client.query(text, values)).rows;
  } finally {
    await client.end();
  }
}
