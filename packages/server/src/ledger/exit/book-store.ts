import type pg from 'pg';

/** A connection of the migrator of one tenant's books, path on their schema. */
export interface BookStore {
  readonly client: pg.Client;
  readonly schema: string;
  readonly ownerRole: string;
}
