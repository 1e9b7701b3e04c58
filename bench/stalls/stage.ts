import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ConnectionSettings } from '../../packages/server/src/postgres/connection-settings.js';
import { type Books, buildBooks } from '../stage/books.js';
import { onCluster } from '../stage/cluster.js';
import type { ServerProcess } from '../stage/server-process.js';
import { createTenant } from '../stage/tenants.js';

export interface StallStage {
  readonly admin: ConnectionSettings;
  readonly server: ServerProcess;
  readonly books: Books;
  /** What the probe in the server wrote down. */
  readonly probeFile: string;
  /** PostgreSQL's log, with its slow statements. */
  readonly logFile: string;
  close(): Promise<void>;
}

export interface StallOptions {
  readonly accounts: number;
  /** Over those of the embedded server. */
  readonly settings: Readonly<Record<string, string>>;
  /** Given to the measured server's Node. */
  readonly nodeOptions: readonly string[];
}

const probe = fileURLToPath(new URL('./probe.mjs', import.meta.url));

/** One server on one embedded PostgreSQL with fsync on; both say when they stood still. */
export function openStallStage(options: StallOptions, say: (text: string) => void): Promise<StallStage> {
  const settings = {
    log_line_prefix: '%n %p ',
    log_min_duration_statement: '10',
    log_parameter_max_length: '0',
    track_wal_io_timing: 'on',
    ...options.settings,
  };
  return onCluster({ name: 'stalls', say, settings }, async ({ folder, postgres, apiKey, serve }) => {
    const probeFile = join(folder, 'probe.jsonl');
    say('server');
    const environment = { MULTI_TENANT_ENABLED: 'true', BENCH_PROBE_FILE: probeFile };
    const server = await serve(environment, [...options.nodeOptions, '--import', probe]);
    say('books');
    const place = await createTenant(server, apiKey, 'main', 'database');
    const books = await buildBooks(server.urls.ledger, place, options.accounts);
    const logFile = join(folder, 'postgres', 'postgres.log');
    return { admin: postgres.adminSettings, server, books, probeFile, logFile };
  });
}
