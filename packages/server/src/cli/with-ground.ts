import { join } from 'node:path';
import type { Logger } from 'pino';
import { Registry } from 'prom-client';
import { v7 as uuidv7 } from 'uuid';
import type { Config } from '../config.js';
import { findRunning } from '../postgres/embedded/find-running.js';
import { installationNames } from '../postgres/installation.js';
import { localSecrets } from './local-secrets.js';
import { openAdmin } from './open-admin.js';
import { Closers, type Ground } from './parts/part.js';

/** For commands that work on the databases and end: what the parts are made from, closed afterwards. */
export async function withGround<T>(
  config: Config,
  log: Logger,
  work: (ground: Ground, closers: Closers) => Promise<T>,
): Promise<T> {
  const closers = new Closers();
  try {
    // Beside a running server its embedded PostgreSQL is used: the folder can have one owner only.
    const running =
      config.databaseUrl === undefined ? await findRunning(join(config.dataDirectory, 'postgres')) : undefined;
    const admin = running ?? (await openAdmin(config, log, undefined, closers, undefined));
    const secrets = await localSecrets(config);
    const ground = {
      config,
      secrets,
      names: installationNames('cofferdam'),
      log,
      metrics: new Registry(),
      now: () => new Date(),
      newId: () => uuidv7(),
      admin,
      externalIssuers: [],
    };
    return await work(ground, closers);
  } finally {
    await closers.close();
  }
}
