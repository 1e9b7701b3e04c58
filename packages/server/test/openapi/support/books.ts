import type { TestServer } from '../../support/server.js';
import { absent, aDate, aName, aUuid, type Meanings, type Random } from './generate.js';

export type Ids = Readonly<Record<string, string>>;

export interface Books {
  readonly server: TestServer;
  /** What a path or body may name, for operations that change nothing. */
  readonly ids: Ids;
  readonly organizationPath: string;
  readonly ledgerPath: string;
  create(path: string, body: unknown, method?: string): Promise<Created>;
}

// biome-ignore lint/suspicious/noExplicitAny: answers are read by names
type Created = any;

/** Books with one of everything; `@payer` and `@saver` have more than the walk can spend. */
export async function createBooks(server: TestServer): Promise<Books> {
  const create: Books['create'] = async (path, body, method = 'POST') => {
    const answer = await server.call(method, path, body === undefined ? {} : { body });
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  const organization = (await create('/v1/organizations', { legalName: 'Walk', legalDocument: '1' })).id;
  const organizationPath = `/v1/organizations/${organization}`;
  const ledger = (await create(`${organizationPath}/ledgers`, { name: 'Walk' })).id;
  const ledgerPath = `${organizationPath}/ledgers/${ledger}`;
  const asset = await create(`${ledgerPath}/assets`, { name: 'Dollar', type: 'currency', code: 'USD' });
  const account = async (alias: string) =>
    (await create(`${ledgerPath}/accounts`, { assetCode: 'USD', type: 'deposit', alias })).id;
  const payer = await account('@payer');
  await account('@payee');
  await account('@fee');
  const transaction = await create(`${ledgerPath}/transactions/inflow`, inflow('1000000000000'));
  await account('@saver');
  await create(`${ledgerPath}/transactions/inflow`, inflow('1000000000000', '@saver'));
  const operation = transaction.operations.find((one: Created) => one.accountId === payer);
  const route = async (operationType: string) =>
    (await create(`${ledgerPath}/operation-routes`, { title: operationType, operationType })).id;
  const [source, destination] = [await route('source'), await route('destination')];
  const holder = (await create(`${organizationPath}/holders`, { type: 'LEGAL_PERSON', name: 'H', document: 'h1' })).id;
  const instrument = await create(`${organizationPath}/holders/${holder}/instruments`, instrumentOf(ledger, payer));
  const rate = await create(`${ledgerPath}/asset-rates`, { from: 'USD', to: 'GBP', rate: 525, scale: 2 }, 'PUT');
  const named = async (collection: string, body: object) => (await create(`${ledgerPath}/${collection}`, body)).id;
  return {
    server,
    organizationPath,
    ledgerPath,
    create,
    ids: {
      organization,
      ledger,
      asset: asset.id,
      account: payer,
      balance: operation.balanceId,
      transaction: transaction.id,
      operation: operation.id,
      source,
      destination,
      holder,
      instrument: instrument.id,
      relatedParty: instrument.relatedParties[0].id,
      rate: rate.externalId,
      portfolio: await named('portfolios', { name: 'Walk' }),
      segment: await named('segments', { name: 'Walk' }),
      accountType: await named('account-types', { name: 'Walk', keyValue: 'walk' }),
      transactionRoute: await named('transaction-routes', { title: 'T', operationRoutes: [source, destination] }),
    },
  };
}

const amount = (value: string) => ({ asset: 'USD', value });
const inflow = (value: string, accountAlias = '@payer') => ({
  send: { ...amount(value), distribute: { to: [{ accountAlias, amount: amount(value) }] } },
});
export const transfer = (value: string, more: object = {}) => ({
  ...more,
  send: {
    ...amount(value),
    source: { from: [{ accountAlias: '@payer', amount: amount(value) }] },
    distribute: { to: [{ accountAlias: '@payee', remaining: 'remaining' }] },
  },
});
const instrumentOf = (ledgerId: string, accountId: string) => ({
  ledgerId,
  accountId,
  relatedParties: [{ document: 'p1', name: 'Party', role: 'PRIMARY_HOLDER', startDate: '2026-01-31' }],
});

/** A new record of the kind that a path names, for an operation that changes or ends it: its id in the path. */
export function freshRecords({ create, organizationPath, ledgerPath, ids }: Books, random: Random) {
  const one = async (collection: string, body: object): Promise<string> =>
    (await create(`${ledgerPath}/${collection}`, body)).id;
  const account = () => one('accounts', { assetCode: 'USD', type: 'deposit', alias: `@${aName(random)}` });
  const holder = async (): Promise<string> =>
    (
      await create(`${organizationPath}/holders`, {
        type: 'NATURAL_PERSON',
        name: aName(random),
        document: aUuid(random),
      })
    ).id;
  const instrument = async () =>
    create(
      `${organizationPath}/holders/${ids['holder']}/instruments`,
      instrumentOf(ids['ledger'] as string, await account()),
    );
  const transaction = (more?: object) => create(`${ledgerPath}/transactions/json`, unique(transfer('1.25', more)));
  const unique = (body: object) => ({ ...body, description: aUuid(random) });
  const assetCode = () => aName(random).toUpperCase();
  return {
    organization: async () => {
      const { id } = await create('/v1/organizations', { legalName: aName(random), legalDocument: '1' });
      return { id, organization_id: id };
    },
    ledger: async () => ({ ledger_id: (await create(`${organizationPath}/ledgers`, { name: aName(random) })).id }),
    asset: async () => ({ id: await one('assets', { name: aName(random), type: 'others', code: assetCode() }) }),
    account: async () => ({ id: await account(), account_id: await account() }),
    accountType: async () => ({ id: await one('account-types', { name: 'T', keyValue: aName(random) }) }),
    portfolio: async () => ({ id: await one('portfolios', { name: aName(random) }) }),
    segment: async () => ({ id: await one('segments', { name: aName(random) }) }),
    holder: async () => ({ id: await holder() }),
    operationRoute: async () => ({
      operation_route_id: await one('operation-routes', { title: aName(random), operationType: 'source' }),
    }),
    transactionRoute: async () => ({
      transaction_route_id: await one('transaction-routes', {
        title: aName(random),
        operationRoutes: [ids['source'], ids['destination']],
      }),
    }),
    balance: async () => {
      const accountId = await account();
      const { id } = await create(`${ledgerPath}/accounts/${accountId}/balances`, { key: aName(random) });
      return { account_id: accountId, balance_id: id };
    },
    instrument: async () => ({ instrument_id: (await instrument()).id }),
    relatedParty: async () => {
      const { id, relatedParties } = await instrument();
      return { instrument_id: id, related_party_id: relatedParties[0].id };
    },
    pending: async () => ({ transaction_id: (await transaction({ pending: true })).id }),
    transaction: async () => {
      const { id, operations } = await transaction();
      const [{ id: operation, accountId }] = operations;
      return { transaction_id: id, operation_id: operation, account_id: accountId };
    },
    metadataIndex: async () => {
      // An entity can have ten of them, and a damaged delete leaves its own.
      for (const { metadataKey } of await create('/v1/settings/metadata-indexes?entity_name=segment', undefined, 'GET'))
        await create(`/v1/settings/metadata-indexes/entities/segment/key/${metadataKey}`, undefined, 'DELETE');
      const metadataKey = aName(random);
      await create('/v1/settings/metadata-indexes/entities/segment', { metadataKey });
      return { entity_name: 'segment', index_key: metadataKey };
    },
  };
}

export type FreshKind = keyof ReturnType<typeof freshRecords>;

/** What the members of bodies and queries mean in these books. */
export function meaningsIn({ ids }: Books): Meanings {
  const id = (name: string) => () => ids[name];
  const never = () => absent;
  const decimal = (random: Random) => `${1 + random.below(900)}.${random.pick(['5', '25', '125', '0625'])}`;
  const leg = (random: Random, alias: string, share: object, more: object = {}) => ({
    accountAlias: alias,
    ...share,
    ...(random.next() < 0.3 && { description: aName(random), chartOfAccounts: '1.1', metadata: { note: true } }),
    ...(random.next() < 0.2 && { balanceKey: 'default', isFrom: random.next() < 0.5, route: 'r' }),
    ...(random.next() < 0.2 && { rate: { from: 'USD', to: 'BRL', value: decimal(random), externalId: aUuid(random) } }),
    ...more,
  });
  const legs = (random: Random, first: string, second: string, value: string) =>
    random.pick([
      () => [leg(random, first, { amount: amount(value) })],
      () => [leg(random, first, { remaining: 'remaining' })],
      () => [
        leg(random, first, { share: { percentage: 1 + random.below(99) } }),
        leg(random, second, { remaining: 'rest' }),
      ],
      () => [leg(random, first, { share: { percentage: 100, percentageOfPercentage: 100 } })],
    ])();
  const from = (random: Random, value: string) => ({ from: legs(random, '@payer', '@saver', value) });
  const to = (random: Random, value: string) => ({ to: legs(random, '@payee', '@fee', value) });
  const rubric = { code: '1', description: 'Cash' };
  return {
    parentOrganizationId: id('organization'),
    parentAccountId: never,
    portfolioId: id('portfolio'),
    segmentId: id('segment'),
    holderId: id('holder'),
    assetCode: () => 'USD',
    'createAccount.type': () => 'deposit',
    'createHolderAccount.type': () => 'deposit',
    alias: (random) => `@${aName(random)}:${random.below(100)}`,
    skip: never,
    key: (random) => aName(random),
    'createAsset.type': (random) => random.pick(['crypto', 'commodity', 'others']),
    'createAsset.code': (random) => aName(random).toUpperCase(),
    keyValue: (random) => `${aName(random)}_${random.below(10)}`,
    from: () => 'USD',
    to: (random) => random.pick(['EUR', 'BRL', 'JPY']),
    toAsset: (random) => random.pick(['EUR', 'BRL', 'JPY']),
    rate: (random) => 1 + random.below(100_000),
    externalId: (random) => aUuid(random),
    effectiveAt: () => '2026-01-31T12:00:00Z',
    expirationAt: () => '2027-01-31T12:00:00Z',
    transactionDate: never,
    'createInflowTransaction.transactionDate': (random) =>
      random.pick([absent, '2026-01-31', '2026-01-31T12:00:00.123456Z', null]),
    routeId: never,
    idempotencyKey: (random) => aUuid(random),
    operationRoutes: () => [ids['source'], ids['destination']],
    operationType: (random) => random.pick(['source', 'source', 'bidirectional']),
    Decimal: decimal,
    TransactionSend: (random) => {
      const value = decimal(random);
      return { ...amount(value), source: from(random, value), distribute: to(random, value) };
    },
    'createInflowTransaction.send': (random) => {
      const value = decimal(random);
      return { ...amount(value), distribute: to(random, value) };
    },
    'createOutflowTransaction.send': (random) => {
      const value = decimal(random);
      return { ...amount(value), source: from(random, value) };
    },
    'createDslTransaction.dsl': (random) => {
      const value = 1 + random.below(1_000);
      const sides = `(source (from @payer :amount USD ${value}|0)) (distribute (to @payee :remaining))`;
      return `(transaction V1 (chart-of-accounts-group-name ${aName(random)}) (send USD ${value}|0 ${sides}))`;
    },
    AccountRuleInput: (random) =>
      random.pick([
        { ruleType: 'alias', validIf: '@payer' },
        { ruleType: 'account_type', validIf: ['deposit', 'savings'] },
      ]),
    AccountingEntriesInput: () => ({ direct: { debit: rubric, credit: rubric } }),
    LedgerSettingsInput: (random) => ({
      accounting: { requireHolder: random.next() < 0.5 },
      tracer: { mode: random.pick(['off', 'advisory', 'enforce']), failPosture: 'open', timeoutMs: random.below(500) },
    }),
    LedgerSettingsPatch: (random) => ({
      ...(random.next() < 0.5 && { tracer: { timeoutMs: random.pick([null, random.below(500)]) } }),
      ...(random.next() < 0.5 && { accounting: { requireHolder: random.pick([true, null]) } }),
      ...(random.next() < 0.2 && { overrides: null }),
    }),
    BalanceSettingsInput: (random) =>
      random.pick([
        { allowOverdraft: true, overdraftLimitEnabled: true, overdraftLimit: '100.5' },
        { allowOverdraft: random.next() < 0.5, overdraftLimitEnabled: false, overdraftLimit: null },
        { balanceScope: 'transactional' },
        {},
      ]),
    AddressInput: (random) => ({ line1: aName(random), line2: null, country: random.pick(['BR', 'US']) }),
    RelatedPartyInput: (random) => ({
      document: aUuid(random),
      name: aName(random),
      role: random.pick(['PRIMARY_HOLDER', 'LEGAL_REPRESENTATIVE', 'RESPONSIBLE_PARTY']),
      startDate: aDate(random),
      ...(random.next() < 0.5 && { endDate: '2026-12-31' }),
    }),
    closingDate: () => '2999-12-31',
    'createInstrument.ledgerId': id('ledger'),
    'createHolder.document': (random) => aUuid(random),
    metadataKey: (random) => aName(random),
    'createMetadataIndex.sparse': never,
    '?limit': (random) => 1 + random.below(100),
    '?page': (random) => 1 + random.below(3),
    '?cursor': never,
    '?start_date': never,
    '?end_date': never,
    '?date': () => new Date(Date.now() - 1).toISOString(),
    '?ledger_id': id('ledger'),
    '?status': (random, { enum: words }) => random.pick((words as string[] | undefined) ?? ['ACTIVE', 'INACTIVE']),
    '?portfolio_id': id('portfolio'),
    '?segment_id': id('segment'),
    '?parent_account_id': id('account'),
    '?account_id': id('account'),
    '?holder_id': id('holder'),
    '?route_id': id('source'),
    '?blocked': (random) => random.pick(['true', 'false', '1']),
    '?direction': (random) => random.pick(['credit', 'debit']),
    'listOperations.?type': () => 'DEBIT',
    'listOperationsUnversioned.?type': () => 'DEBIT',
    '?to': () => 'BRL,EUR',
    '?operationId': id('operation'),
    '?transactionId': id('transaction'),
    '?entity_name': () => 'segment',
  };
}
