import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestProject } from 'vitest/node';
import { parseDatabaseUrl, toDatabaseUrl } from '../../src/postgres/connection-settings.js';
import { layoutOf } from '../../src/postgres/embedded/layout.js';
import { type EmbeddedServer, startEmbedded } from '../../src/postgres/embedded/start-embedded.js';
import { openCaptureFolder } from './leak-scan.js';
import { removeAbandoned, temporaryPrefix } from './remove-abandoned.js';
import { newRunPrefix, sweep, sweepOldRuns } from './sweep.js';

declare module 'vitest' {
  export interface ProvidedContext {
    /** Superuser on the one PostgreSQL of this test run. */
    readonly adminUrl: string;
    /** Start of the name of every database and role that this run makes. */
    readonly runPrefix: string;
    /** What that PostgreSQL says; empty when it is not ours. */
    readonly postgresLog: string;
  }
}

/**
 * One PostgreSQL for the whole run: an embedded one without flushing in a temporary folder, or the server behind
 * DATABASE_URL. All that tests make there carries this run's prefix and is removed at the end.
 */
export async function setup(project: TestProject): Promise<void> {
  const runPrefix = newRunPrefix();
  const foreign = process.env['DATABASE_URL'];
  await removeAbandoned();
  const server = foreign === undefined || foreign === '' ? await startTemporary() : undefined;
  if (server === undefined) await sweepOldRuns(parseDatabaseUrl(String(foreign)));
  const adminUrl = server?.url ?? String(foreign);
  project.provide('adminUrl', adminUrl);
  project.provide('runPrefix', runPrefix);
  project.provide('postgresLog', server?.log ?? '');
  const captureFolder = openCaptureFolder();
  project.provide('captureFolder', captureFolder);
  remove = async () => {
    rmSync(captureFolder, { recursive: true, force: true });
    if (server === undefined) await sweep(parseDatabaseUrl(adminUrl), runPrefix);
    else await server.remove();
  };
}

export async function teardown(): Promise<void> {
  await remove();
}

// Vitest keeps this module from setup to teardown; named exports have no other way to hand something over.
let remove: () => Promise<void> = async () => {};

async function startTemporary(): Promise<{ url: string; log: string; remove(): Promise<void> }> {
  const folder = mkdtempSync(join(tmpdir(), temporaryPrefix));
  const quiet = { warn() {} };
  let server: EmbeddedServer;
  try {
    server = await startEmbedded({
      directory: join(folder, 'postgres'),
      log: quiet,
      ourFolders: [folder],
      settings: { fsync: 'off', synchronous_commit: 'off', full_page_writes: 'off' },
    });
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
  return {
    url: toDatabaseUrl(server.adminSettings),
    log: layoutOf(join(folder, 'postgres')).log,
    async remove() {
      // Nothing in it is wanted any more: no checkpoint.
      await server.stop({ fastMs: 1_000, immediateMs: 3_000 });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
