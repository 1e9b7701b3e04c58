import type pg from 'pg';

/** A connection of the migrator of one set of books, search path on their schema; it may become the owner of the tables. */
export interface MigratorConnection {
  readonly client: pg.Client;
  readonly schema: string;
  readonly ownerRole: string;
}
