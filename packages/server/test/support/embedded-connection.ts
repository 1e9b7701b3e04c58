import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { layoutOf } from '../../src/postgres/embedded/layout.js';

/** The superuser of a running embedded server, as its data folder says: for looking from outside. */
export function connectionOf(root: string): {
  host: string;
  port: number;
  user: string;
  password: string;
  database: string;
} {
  const layout = layoutOf(root);
  const lines = readFileSync(layout.postmasterPid, 'utf8').split('\n');
  return {
    // Lines 4 to 6 of postmaster.pid: port, socket folder, address listened on.
    host: lines[4]?.trim() || '127.0.0.1',
    port: Number(lines[3]),
    user: 'postgres',
    password: readFileSync(join(layout.passwordFile), 'utf8').trim(),
    database: 'postgres',
  };
}
