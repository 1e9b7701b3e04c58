import type { Migration } from '../../postgres/migration.js';
import { directory } from './0001-directory.js';
import { sessions } from './0002-sessions.js';
import { identity } from './0003-identity.js';
import { authorization } from './0004-authorization.js';
import { passwordReset } from './0005-password-reset.js';
import { knownSource } from './0006-known-source.js';

/** In order. Released migrations are never changed, only followed. */
export const accessMigrations: readonly Migration[] = [
  directory,
  sessions,
  identity,
  authorization,
  passwordReset,
  knownSource,
];
