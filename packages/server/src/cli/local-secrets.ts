import { randomBytes } from 'node:crypto';
import { link, mkdir, readFile, unlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Config, ConfigError } from '../config.js';

export interface LocalSecrets {
  /** 32 bytes. */
  readonly encryptionKey: Buffer;
  readonly tenantManagerApiKey: string;
}

/**
 * The two secrets a server cannot run without: given by the environment, or made once and kept in the data folder,
 * readable by its owner only.
 */
export async function localSecrets(config: Config): Promise<LocalSecrets> {
  await mkdir(config.dataDirectory, { recursive: true, mode: 0o700 });
  const file = (name: string): string => join(config.dataDirectory, name);
  return {
    encryptionKey: config.encryptionKey ?? (await keptKey(file('encryption-key'))),
    tenantManagerApiKey:
      config.tenantManagerApiKey ??
      (await keptSecret(file('tenant-manager-api-key'), () => randomBytes(32).toString('base64url'))),
  };
}

/**
 * What a command shows to a running server: given by the environment, or read where that server keeps it. Nothing is made:
 * it would be of no use to a server that is elsewhere.
 * @throws ConfigError when there is none
 */
export async function tenantManagerKeyOfServer(config: Config): Promise<string> {
  return config.tenantManagerApiKey ?? (await readOfServer(config, 'tenant-manager-api-key', 'TENANT_MANAGER_API_KEY'));
}

/** 32 bytes; as the one above. */
export async function encryptionKeyOfServer(config: Config): Promise<Buffer> {
  if (config.encryptionKey !== undefined) return config.encryptionKey;
  await readOfServer(config, 'encryption-key', 'COFFERDAM_ENCRYPTION_KEY');
  return keptKey(join(config.dataDirectory, 'encryption-key'));
}

async function readOfServer({ dataDirectory }: Config, name: string, variable: string): Promise<string> {
  const path = join(dataDirectory, name);
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    throw new ConfigError(
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code}): set COFFERDAM_DATA_DIR to the data folder of the running server, or give ${variable}.`,
    );
  }
}

async function keptKey(path: string): Promise<Buffer> {
  const key = Buffer.from(await keptSecret(path, () => randomBytes(32).toString('base64')), 'base64');
  if (key.length !== 32)
    throw new ConfigError(
      `${path} is damaged: it must hold 32 bytes in base64. Restore it from your backup; without it the stored credentials cannot be read.`,
    );
  return key;
}

async function keptSecret(path: string, make: () => string): Promise<string> {
  const kept = await readFile(path, 'utf8').catch(() => undefined);
  if (kept !== undefined) return kept.trim();
  // Written whole under another name, then linked: of two processes that start at once one wins and both read the same.
  const draft = `${path}.${process.pid}.${randomBytes(4).toString('hex')}`;
  await writeFile(draft, `${make()}\n`, { mode: 0o600, flush: true });
  try {
    await link(draft, path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    await unlink(draft);
  }
  return (await readFile(path, 'utf8')).trim();
}
