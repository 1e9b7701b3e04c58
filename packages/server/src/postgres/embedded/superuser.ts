import { readFileSync } from 'node:fs';
import { type ConnectionSettings, connectionSettings } from '../connection-settings.js';
import { OperatorError } from '../operator-error.js';
import type { Layout } from './layout.js';

export const superuser = 'postgres';

/** The superuser on database `postgres`, over the socket where there is one. */
export function superuserSettings(
  socketFolder: string | undefined,
  port: number,
  password: string,
): ConnectionSettings {
  return connectionSettings({
    host: socketFolder ?? '127.0.0.1',
    port,
    database: 'postgres',
    user: superuser,
    password,
  });
}

export function readPassword(layout: Layout): string {
  try {
    return readFileSync(layout.passwordFile, 'utf8').trim();
  } catch (cause) {
    throw new OperatorError(
      `the database in ${layout.root} is there, but its password file ${layout.passwordFile} is not`,
      {
        cause,
      },
    );
  }
}
