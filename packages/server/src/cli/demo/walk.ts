import { join } from 'node:path';
import type { Progress } from '../progress.js';
import { table } from '../table.js';
import { type Books, openBooks, postTransactions, readBalances } from './books.js';
import { type Attempt, knockOnDatabase, knockOverHttp, storeOf } from './doors.js';
import { type DemoTenant, fetchToken, openTenants } from './tenants.js';

export interface DemoPlaces {
  readonly ledger: string;
  readonly access: string;
  readonly tenants: string;
  readonly apiKey: string;
  readonly dataDirectory: string;
}

interface Visitor {
  readonly tenant: DemoTenant;
  readonly token: string;
  readonly books: Books;
}

/** The walk of `npm run demo` (contract, "Commands"). @throws when anything is not as it must be: the demo is a check too. */
export async function walk(places: DemoPlaces, progress: Progress, print: (text: string) => void): Promise<void> {
  const keptIn = join(places.dataDirectory, 'demo-tenants.json');
  const { tenants, found } = await progress.step(
    'two tenants: Bank A in a database of its own, Bank B in a schema of its own',
    () => openTenants(places.tenants, places.apiKey, keptIn),
  );
  if (found) print('  found the tenants and books of an earlier run');

  const visitors = await progress.step(
    'a token for each, the same books in both, four accounts, three transactions',
    () => Promise.all(tenants.map((tenant) => visit(places, tenant))),
  );
  for (const visitor of visitors) await printBalances(visitor, print);

  const attempts = await progress.step('each at the other’s door', () => knock(places, visitors));
  const rows = attempts.map(({ what, answer, refused }) => [what, answer, refused ? 'refused' : 'LET IN']);
  print(table(rows, ['attempt', 'answer', '']));
  if (attempts.some(({ refused }) => !refused)) throw new Error('a wall did not hold: see the table above');

  printPasteLines(places, visitors, print);
}

async function visit(places: DemoPlaces, tenant: DemoTenant): Promise<Visitor> {
  const token = await fetchToken(places.access, tenant);
  const books = await openBooks(places.ledger, token, `${tenant.name} Ltd`);
  await postTransactions(books, token, crypto.randomUUID());
  return { tenant, token, books };
}

async function printBalances({ tenant, token, books }: Visitor, print: (text: string) => void): Promise<void> {
  const rows = (await readBalances(books, token)).map((line) => [line.alias, line.available, line.assetCode]);
  const head = [`${tenant.name} (${tenant.isolation})`, 'available', ''];
  print(table(rows, head, ['left', 'right', 'left']));
}

async function knock(places: DemoPlaces, visitors: readonly Visitor[]): Promise<Attempt[]> {
  const attempts: Attempt[] = [];
  for (const from of visitors) {
    for (const to of visitors) {
      if (from === to) continue;
      attempts.push(
        await knockOverHttp(places.ledger, from.tenant.name, from.token, to.tenant.name, to.books.organizationId),
      );
      const [own, other] = await Promise.all([
        storeOf(places.tenants, places.apiKey, from.tenant.id),
        storeOf(places.tenants, places.apiKey, to.tenant.id),
      ]);
      attempts.push(await knockOnDatabase(from.tenant.name, own, to.tenant.name, other));
    }
  }
  return attempts;
}

function printPasteLines(places: DemoPlaces, visitors: readonly Visitor[], print: (text: string) => void): void {
  print(`
  ledger          ${places.ledger}   documentation ${places.ledger}/docs
  Access Manager  ${places.access}
  operators       ${places.tenants}   (X-API-Key in ${join(places.dataDirectory, 'tenant-manager-api-key')})
`);
  for (const { tenant, books } of visitors) {
    const login = JSON.stringify({
      grantType: 'client_credentials',
      clientId: tenant.clientId,
      clientSecret: tenant.clientSecret,
    });
    print(`  # ${tenant.name}
  TOKEN=$(curl -s ${places.access}/v1/login/oauth/access_token -H 'content-type: application/json' -d '${login}' | sed 's/.*"accessToken":"\\([^"]*\\)".*/\\1/')
  curl -s ${books.ledgerPath}/balances -H "authorization: Bearer $TOKEN"
`);
  }
}
