import { type RawBuilder, sql } from 'kysely';

/** A row is written within this of the moment that it says, unless it is backdated. The index has the same number. */
const slackMs = 60_000;

/** As `migrations/0004-backdated.ts` has it, letter by letter: only then is its index used. */
const isBackdated = sql`created_at < to_timestamp(('x' || translate(left(id::text, 13), '-', ''))::bit(48)::bigint::float8 / 1000 - 60)`;

/**
 * What "created between two moments" means for the ids of transactions and operations. An id is a UUIDv7 of the moment of
 * writing, so a list in the order of ids can begin and end where the dates do instead of passing over all rows outside
 * them. Later ids only have such a date when the row is backdated; those have an index of their own.
 */
export interface CreatedWindow {
  /** The rows written about then. */
  readonly written: RawBuilder<unknown>[];
  /** The rows written later that say they are from then. */
  readonly backdated: RawBuilder<unknown>[];
}

export function createdWindow({ from, to }: { readonly from: string; readonly to: string }): CreatedWindow {
  const between = sql`created_at between ${from} and ${to}`;
  const last = idAt(Date.parse(to) + slackMs, 'f');
  return {
    written: [between, sql`id between ${idAt(Date.parse(from) - slackMs, '0')} and ${last}`],
    backdated: [between, sql`id > ${last}`, isBackdated],
  };
}

/** The smallest or largest id that a moment can have. */
function idAt(ms: number, digit: '0' | 'f'): string {
  const time = Math.max(0, ms).toString(16).padStart(12, '0');
  const rest = (count: number) => digit.repeat(count);
  return `${time.slice(0, 8)}-${time.slice(8)}-${rest(4)}-${rest(4)}-${rest(12)}`;
}
