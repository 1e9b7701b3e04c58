import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { TenantId } from '@cofferdam/core';
import { adminUrl } from '../../support/cluster.js';
import type { Installation } from './installation.js';

const child = fileURLToPath(new URL('./provisioning-process.mjs', import.meta.url));

/** A Tenant Manager in a process of its own that kills itself at a boundary. Answers how it ended. */
export async function runAndKill(
  { names, encryptionKey }: Pick<Installation, 'names' | 'encryptionKey'>,
  tenantIds: TenantId[],
  point: string,
  step: string,
  work = 'provision',
): Promise<string | number | null> {
  const key = encryptionKey.toString('base64');
  const order = { adminUrl: adminUrl(), prefix: names.prefix, key, tenantIds, point, step, work };
  const running = spawn(process.execPath, [child, JSON.stringify(order)], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return new Promise((resolve) => running.on('exit', (code, signal) => resolve(signal ?? code)));
}
