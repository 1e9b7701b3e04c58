import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ConnectionSettings } from '../../src/postgres/connection-settings.js';
import { toDatabaseUrl } from '../../src/postgres/connection-settings.js';
import { Program } from '../support/program.js';
import { type Clients, openClients } from './blow.js';
import type { ChaosOptions, Undo } from './experiment.js';

export function temporaryRoot(undo: Undo): string {
  const root = mkdtempSync(join(tmpdir(), 'cofferdam-chaos-'));
  undo.add(() => rmSync(root, { recursive: true, force: true }));
  return root;
}

/** One single-tenant program on a given PostgreSQL (undefined: its own), and clients that post to it. */
export async function openSingle(
  options: ChaosOptions,
  undo: Undo,
  at: {
    /** As the program reaches it; what the checks use is `admin`. */
    readonly database?: ConnectionSettings;
    readonly admin: (dataFolder: string) => ConnectionSettings;
    readonly environment?: Readonly<Record<string, string>>;
  },
): Promise<{ readonly clients: Clients; readonly program: Program; readonly dataFolder: string }> {
  const dataFolder = join(temporaryRoot(undo), 'data');
  const program = new Program(['serve'], {
    environment: {
      COFFERDAM_DATA_DIR: dataFolder,
      ...(at.database === undefined
        ? {}
        : {
            DATABASE_URL: toDatabaseUrl(at.database),
            COFFERDAM_ENCRYPTION_KEY: Buffer.alloc(32, 7).toString('base64'),
          }),
      ...at.environment,
    },
  });
  undo.add(async () => {
    const late = setTimeout(() => program.child.kill('SIGKILL'), 15_000);
    await program.stop();
    clearTimeout(late);
  });
  const { ledger } = await program.serving(90_000);
  const clients = await openClients(options, { url: () => ledger, admin: () => at.admin(dataFolder) });
  undo.add(() => clients.close());
  return { clients, program, dataFolder };
}
