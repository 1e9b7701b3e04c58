/** One forward migration: plain SQL without schema names, without extensions, never touching `public` (tenancy §8). */
export interface Migration {
  /** Sortable, e.g. `0001_books`; recorded in `schema_migration`. Never renamed once released. */
  readonly id: string;
  readonly sql: string;
  /**
   * `expand` (default): the build before this one still works on the result. `contract`: takes away what only older
   * builds use, so it waits until none of them runs (docs/adr/0013-fleet-migrations.md).
   */
  readonly kind?: 'expand' | 'contract';
}

export const isContract = ({ kind }: Migration): boolean => kind === 'contract';

/** Id of the last migration that this build cannot work without; contract migrations never are. */
export function lastExpand(migrations: readonly Migration[]): string | undefined {
  return migrations.filter((migration) => !isContract(migration)).at(-1)?.id;
}

export function lastContract(migrations: readonly Migration[]): string | undefined {
  return migrations.filter(isContract).at(-1)?.id;
}
