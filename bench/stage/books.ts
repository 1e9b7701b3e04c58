import { newKey, transferBody } from '../load/requests.js';
import { call, inParallel } from './call.js';

/** One ledger of one tenant with funded accounts, and how to reach it. */
export interface Books {
  /** `/v1/organizations/…/ledgers/…` */
  readonly path: string;
  readonly ledgerId: string;
  readonly organizationId: string;
  readonly token: string | undefined;
  /** Where the tables are. */
  readonly database: string;
  readonly schema: string;
  readonly aliases: readonly string[];
  readonly accountIds: readonly string[];
  /** Never among `aliases`. */
  readonly hotAlias: string;
}

const entriesPerBatch = 200;
const funds = '1000000000';

/** Builds the books over HTTP as any client would. */
export async function buildBooks(
  ledgerUrl: string,
  place: Pick<Books, 'token' | 'database' | 'schema'>,
  accounts: number,
): Promise<Books> {
  const { token } = place;
  const post = (path: string, body: unknown) => call('POST', `${ledgerUrl}${path}`, { token, body });
  const organization = await post('/v1/organizations', { legalName: 'Bench', legalDocument: '1' });
  const organizationPath = `/v1/organizations/${organization.id}`;
  const ledger = await post(`${organizationPath}/ledgers`, { name: 'main' });
  const path = `${organizationPath}/ledgers/${ledger.id}`;
  await post(`${path}/assets`, { name: 'Dollar', type: 'currency', code: 'USD' });
  const names = ['hot', ...Array.from({ length: accounts }, (_, i) => `a${String(i).padStart(4, '0')}`)];
  const made = await inParallel(names, 8, (name) =>
    post(`${path}/accounts`, { name, assetCode: 'USD', type: 'deposit', alias: `@${name}` }),
  );
  const aliases = names.slice(1).map((name) => `@${name}`);
  for (let start = 0; start < aliases.length; start += entriesPerBatch)
    await post(`${path}/transactions/batch`, {
      transactions: aliases.slice(start, start + entriesPerBatch).map((alias) => ({
        ...transferBody([{ alias: '@external/USD', amount: funds }], [{ alias, amount: funds }], funds),
        idempotencyKey: newKey(),
      })),
    });
  return {
    ...place,
    path,
    organizationId: organization.id,
    ledgerId: ledger.id,
    aliases,
    accountIds: made.slice(1).map((account) => account.id),
    hotAlias: '@hot',
  };
}
