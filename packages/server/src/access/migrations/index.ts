import type { Migration } from '../../postgres/migration.js';
import { directory } from './0001-directory.js';

/** In order. Released migrations are never changed, only followed. */
export const accessMigrations: readonly Migration[] = [directory];
