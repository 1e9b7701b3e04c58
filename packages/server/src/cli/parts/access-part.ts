import { join } from 'node:path';
import { accessSearchPath, accessServiceSettings, prepareAccessDatabase } from '../../access/access-database.js';
import { type AccessManager, type AccessManagerOptions, createAccessManager } from '../../access/access-manager.js';
import { type BootstrapSecrets, bootstrapSingleTenant } from '../../access/bootstrap-single-tenant.js';
import { createCodeSender } from '../../access/senders/code-sender.js';
import { createFileSender } from '../../access/senders/file-sender.js';
import { createSmtpSender } from '../../access/senders/smtp-sender.js';
import { ConfigError } from '../../config.js';
import { type ConnectionSettings, parseDatabaseUrl } from '../../postgres/connection-settings.js';
import { openPool } from '../../postgres/pool.js';
import type { Catalogue } from '../../tenancy/catalogue-reader.js';
import type { DirectoryTenant } from '../../tenancy/tenant-config.js';
import { version } from '../version.js';
import { writePrivateFile } from '../write-private-file.js';
import type { Closers, Ground } from './part.js';

/** The access database made ready, and the service login that may use it. */
export async function openAccessDatabase({ config, secrets, names, admin }: Ground): Promise<ConnectionSettings> {
  if (config.accessDatabaseUrl !== undefined) return parseDatabaseUrl(config.accessDatabaseUrl);
  if (admin === undefined) {
    throw new ConfigError(
      'ACCESS_DATABASE_URL is missing: an Access Manager without DATABASE_URL needs it. The tenants part writes it into its data folder (database-urls.env).',
    );
  }
  const options = { adminSettings: admin, names, encryptionKey: secrets.encryptionKey };
  await prepareAccessDatabase(options);
  return accessServiceSettings(options);
}

export async function startAccess(
  ground: Ground,
  closers: Closers,
  tenants: Catalogue<DirectoryTenant> | undefined,
): Promise<AccessManager> {
  const { config, secrets, log, now, newId } = ground;
  const pool = openPool(await openAccessDatabase(ground), {
    max: 10,
    applicationName: 'cofferdam access',
    searchPath: accessSearchPath,
    // Whoever waits for a permission must learn soon that it cannot be had.
    connectTimeoutMs: 2_500,
    onError: (error) => log.warn({ err: error }, 'an idle connection of the Access Manager broke'),
  });
  closers.add(() => pool.end());
  const senders = openSenders(ground);
  const access = await createAccessManager({
    pool,
    encryptionKey: secrets.encryptionKey,
    multiTenant: config.multiTenant,
    issuer: config.issuer,
    environmentName: config.environmentName,
    algorithm: config.tokenAlgorithm,
    tenantStatus: async (id) => (await tenants?.get(id))?.status,
    trustedProxies: config.trustedProxies,
    ...(config.accessServiceKey !== undefined && { serviceKey: config.accessServiceKey }),
    auditRetentionDays: config.auditRetentionDays,
    ...senders,
    version,
    logger: log,
    now,
    newId,
  });
  if (!config.multiTenant && config.authEnabled) await bootstrapAccess(ground, access, false);
  return access;
}

/** Codes go out by e-mail, or into files for local use. In production nothing secret is left lying in files. */
function openSenders({ config, newId }: Ground): Pick<AccessManagerOptions, 'sendCode' | 'sendMail'> {
  if (config.smtpUrl !== undefined) {
    const sendMail = createSmtpSender({ url: config.smtpUrl, from: config.smtpFrom });
    return { sendMail, sendCode: createCodeSender({ sendMail, sendText: undefined }) };
  }
  if (config.environmentName === 'production') return {};
  const files = createFileSender(join(config.dataDirectory, 'outbox'), newId);
  return { sendMail: files.sendMail, sendCode: createCodeSender(files) };
}

/** Single-tenant: an administrator and an application, made the first time; the secrets go into the data folder, once. */
export async function bootstrapAccess(
  ground: Ground,
  access: AccessManager,
  anew: boolean,
): Promise<BootstrapSecrets | undefined> {
  const path = join(ground.config.dataDirectory, 'bootstrap-credentials.json');
  const made = await bootstrapSingleTenant({
    store: access.store,
    passwords: access.passwords,
    secrets: access.secrets,
    now: ground.now,
    newId: ground.newId,
    keep: (secrets) => writePrivateFile(path, `${JSON.stringify(secrets, undefined, 2)}\n`),
    anew,
  });
  if (made !== undefined) ground.log.info({ path }, 'made an administrator and an application');
  return made;
}
