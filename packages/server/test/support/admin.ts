import { randomBytes } from 'node:crypto';
import type pg from 'pg';
import { inject } from 'vitest';
import { type ConnectionSettings, parseDatabaseUrl, withDatabase } from '../../src/postgres/connection-settings.js';
import { quoteIdentifier } from '../../src/postgres/identifiers.js';
import { openPool } from '../../src/postgres/pool.js';

/** The superuser's URL on this run's PostgreSQL. */
export function adminUrl(): string {
  return inject('adminUrl');
}

export function adminSettings(): ConnectionSettings {
  return parseDatabaseUrl(adminUrl());
}

/**
 * A prefix for `installationNames` that nobody else uses: many installations share the cluster. Whatever carries it is
 * removed at the end of the run, should the test not have done so.
 */
export function randomPrefix(): string {
  return `${inject('runPrefix')}_${randomBytes(4).toString('hex')}`;
}

export interface ScratchDatabase {
  /** The superuser on the new, empty database. */
  readonly settings: ConnectionSettings;
  drop(): Promise<void>;
}

/** An empty database of its own. */
export async function createScratchDatabase(): Promise<ScratchDatabase> {
  const name = randomPrefix();
  await asAdmin((admin) => admin.query(`create database ${quoteIdentifier(name)} template template0`));
  return { settings: withDatabase(adminSettings(), name), drop: () => dropDatabase(name) };
}

export const dropDatabase = (name: string): Promise<void> => dropAll([name], []);

export const dropRole = (name: string): Promise<void> => dropAll([], [name]);

/** By one connection, the databases first: a role that owns something cannot go. What is not there is passed over. */
export async function dropAll(databases: Iterable<string>, roles: Iterable<string>): Promise<void> {
  await asAdmin(async (admin) => {
    for (const name of databases) await admin.query(`drop database if exists ${quoteIdentifier(name)} with (force)`);
    for (const name of roles) {
      const role = quoteIdentifier(name);
      const { rowCount } = await admin.query('select from pg_roles where rolname = $1', [name]);
      if (rowCount === 1) await admin.query(`drop owned by ${role}; drop role ${role}`);
    }
  });
}

/** One connection of the superuser, ended afterwards. */
export async function asAdmin<T>(work: (admin: pg.PoolClient) => Promise<T>, database?: string): Promise<T> {
  const settings = database === undefined ? adminSettings() : withDatabase(adminSettings(), database);
  const pool = openPool(settings, { max: 1, applicationName: 'test-support' });
  try {
    const admin = await pool.connect();
    try {
      return await work(admin);
    } finally {
      admin.release();
    }
  } finally {
    await pool.end();
  }
}
