import { withDatabase } from '../../packages/server/src/postgres/connection-settings.js';
import { openClient } from '../../packages/server/src/postgres/pool.js';
import { buildBooks } from '../stage/books.js';
import { onCluster } from '../stage/cluster.js';
import { type Filled, fillBooks } from './fill.js';

export interface PageStage extends Filled {
  readonly url: string;
  /** `/v1/organizations/…/ledgers/…` */
  readonly path: string;
  close(): Promise<void>;
}

/** One single-tenant server on an embedded PostgreSQL whose books are full. */
export function openPageStage(
  operations: number,
  accounts: number,
  days: number,
  say: (text: string) => void,
): Promise<PageStage> {
  return onCluster({ name: 'pages', say }, async ({ postgres, serve }) => {
    say('server');
    const server = await serve({ MAX_PAGINATION_MONTH_DATE_RANGE: '6' });
    const place = { token: undefined, database: 'cofferdam_ledger', schema: 'ledger' };
    const books = await buildBooks(server.urls.ledger, place, 1);
    const settings = withDatabase(postgres.adminSettings, place.database);
    const client = openClient(settings, { applicationName: 'fill', searchPath: [place.schema] });
    await client.connect();
    const { organizationId, ledgerId, path } = books;
    const filled = await fillBooks(client, {
      organizationId,
      ledgerId,
      transactions: operations / 2,
      accounts,
      days,
      say,
    }).finally(() => client.end());
    return { ...filled, url: server.urls.ledger, path };
  });
}
