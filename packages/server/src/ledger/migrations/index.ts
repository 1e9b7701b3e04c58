import type { Migration } from '../../postgres/migration.js';
import { books } from './0001-books.js';
import { routes } from './0002-routes.js';
import { holders } from './0003-holders.js';
import { backdated } from './0004-backdated.js';
import { skips } from './0005-skips.js';
import { outboxOrder } from './0006-outbox-order.js';

/** In order. Released migrations are never changed, only followed. */
export const ledgerMigrations: readonly Migration[] = [books, routes, holders, backdated, skips, outboxOrder];
