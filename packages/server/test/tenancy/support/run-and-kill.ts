import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TenantId } from '@cofferdam/core';
import { adminUrl } from '../../support/cluster.js';
import type { Installation } from './installation.js';

const child = fileURLToPath(new URL('./provisioning-process.mjs', import.meta.url));

const triesMax = 20;

/**
 * A Tenant Manager in a process of its own that kills itself at a boundary. One that never comes there ends with 0, and another
 * is started: PostgreSQL needs a moment to see that the one before is gone, and until then its lock stands.
 * @throws Error when one ends otherwise, or none comes there
 */
export async function runAndKill(...at: Parameters<typeof start>): Promise<void> {
  for (let tries = 1; ; tries += 1) {
    const ended = await start(...at);
    if (ended === 'SIGKILL') return;
    if (ended !== 0 || tries === triesMax) throw new Error(`not killed at ${at[3]}: ended with ${ended}, try ${tries}`);
  }
}

function start(
  { names, encryptionKey }: Pick<Installation, 'names' | 'encryptionKey'>,
  tenantIds: TenantId[],
  point: string,
  step: string,
  work: 'provision' | 'purge' | 'move' = 'provision',
): Promise<string | number | null> {
  const key = encryptionKey.toString('base64');
  const order = { adminUrl: adminUrl(), prefix: names.prefix, key, tenantIds, point, step, work };
  const running = spawn(process.execPath, [child, JSON.stringify(order)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise((resolve) => running.on('exit', (code, signal) => resolve(signal ?? code)));
}
