/** One forward migration: plain SQL without schema names, without extensions, never touching `public` (tenancy §8). */
export interface Migration {
  /** Sortable, e.g. `0001_books`; recorded in `schema_migration`. Never renamed once released. */
  readonly id: string;
  readonly sql: string;
}
