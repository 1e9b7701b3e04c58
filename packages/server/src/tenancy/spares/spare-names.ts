import { randomBytes } from 'node:crypto';
import type { InstallationNames } from '../../postgres/installation.js';
import type { Migration } from '../../postgres/migration.js';
import { booksSchema, type Isolation, type StoreNames } from '../physical-names.js';
import { templateMigrations, templateVersion } from '../template-database.js';

/** A store made ahead of its tenant: whole, proved closed, and without a name that anyone is routed to. */
export interface Spare {
  readonly isolation: Isolation;
  readonly store: StoreNames;
}

/**
 * `<prefix>_sp_d03a1b2c_4f5e6d`: mode, number of migrations, content of the template, random. The number tells builds apart
 * while two of them run: each removes spares of older builds, never those of a newer one.
 */
export function newSpare(names: InstallationNames, isolation: Isolation, migrations: readonly Migration[]): Spare {
  return spareNamed(names, isolation, `${spareStem(names, isolation, migrations)}${randomBytes(3).toString('hex')}`);
}

/** What the names of the spares that suit this build start with. */
export function spareStem(names: InstallationNames, isolation: Isolation, migrations: readonly Migration[]): string {
  const wanted = templateMigrations(migrations);
  const count = String(wanted.length).padStart(2, '0');
  return `${names.prefix}_sp_${isolation === 'database' ? 'd' : 's'}${count}${templateVersion(wanted).slice(0, 5)}_`;
}

/** A spare from the name of its run-time login; undefined: not one of ours. */
export function readSpare(
  names: InstallationNames,
  name: string,
): (Spare & { readonly migrations: number }) | undefined {
  const start = `${names.prefix}_sp_`;
  const [, mode, count] = name.startsWith(start)
    ? (/^([ds])(\d{2})[0-9a-f]{5}_[0-9a-f]{6}$/.exec(name.slice(start.length)) ?? [])
    : [];
  if (mode === undefined) return undefined;
  return { ...spareNamed(names, mode === 'd' ? 'database' : 'schema', name), migrations: Number(count) };
}

function spareNamed(names: InstallationNames, isolation: Isolation, name: string): Spare {
  return {
    isolation,
    store: {
      database: isolation === 'database' ? name : names.sharedDatabase,
      schema: isolation === 'database' ? booksSchema : name,
      runtimeLogin: name,
      migratorLogin: `${name}_migrator`,
      ownerRole: `${name}_owner`,
    },
  };
}

/** Comment on the owner role of a spare that may be taken; it goes with the taking. */
export const readyMark = 'cofferdam spare, ready';
