import { join } from 'node:path';
import type { Logger } from 'pino';
import { type Config, ConfigError } from '../config.js';
import { type ConnectionSettings, parseDatabaseUrl } from '../postgres/connection-settings.js';
import { startEmbedded } from '../postgres/embedded/start-embedded.js';
import { findPrimary } from '../postgres/find-primary.js';
import type { Closers } from './parts/part.js';

/** The administrator's login: given, or of an embedded PostgreSQL; none in a process with logins of its own. */
export async function openAdmin(
  config: Config,
  log: Logger,
  onProgress: ((text: string) => void) | undefined,
  closers: Closers,
  onLost: ((reason: string) => void) | undefined,
): Promise<ConnectionSettings | undefined> {
  if (config.databaseUrl !== undefined) {
    const settings = parseDatabaseUrl(config.databaseUrl);
    await findPrimary(settings);
    return settings;
  }
  const needsAdmin = config.parts.has('tenants') || !config.multiTenant;
  if (!needsAdmin && (config.controlDatabaseUrl ?? config.accessDatabaseUrl) !== undefined) return undefined;
  if (!needsAdmin) {
    throw new ConfigError(
      'CONTROL_DATABASE_URL is missing: a process without the tenants part reaches its databases by logins of its own. Take them from database-urls.env in the data folder of the process that runs the tenants part.',
    );
  }
  const server = await startEmbedded({
    directory: join(config.dataDirectory, 'postgres'),
    log,
    ...(onProgress ? { onProgress } : {}),
    ourFolders: [config.dataDirectory],
    onLost(reason) {
      log.fatal(reason);
      onLost?.(reason);
    },
  });
  closers.add(() => server.stop());
  return server.adminSettings;
}
