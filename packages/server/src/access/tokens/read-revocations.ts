import { sql } from 'kysely';
import type { RevocationPage } from '../../http/revocation-list.js';
import { type AccessStore, unreachable } from '../directory/with-directory.js';

const pageSize = 5_000;

/**
 * The revocations of all tenants after a position, in the order in which they were committed. Of each only the token's id
 * and end, through a function of the database: the service itself sees one tenant at a time.
 */
export async function readRevocations(store: AccessStore, since: number): Promise<RevocationPage> {
  try {
    const { rows } = await sql<{
      newest: number;
      feed_position: number | null;
      token_id: string | null;
      token_expires_at: string | null;
    }>`select feed.position as newest, entry.*
         from revocation_feed feed left join lateral revocations_since(${since}, ${pageSize}) entry on true
        order by entry.feed_position`.execute(store.installation);
    const entries = rows.flatMap(({ feed_position: at, token_id: jti, token_expires_at: end }) =>
      at === null || jti === null || end === null ? [] : [{ at, jti, expiresAt: Math.ceil(Date.parse(end) / 1_000) }],
    );
    return {
      position: entries.at(-1)?.at ?? since,
      revoked: entries.map(({ jti, expiresAt }) => ({ jti, expiresAt })),
      more: entries.length === pageSize,
      restarted: (rows[0]?.newest ?? 0) < since,
    };
  } catch (error) {
    throw unreachable(error);
  }
}
