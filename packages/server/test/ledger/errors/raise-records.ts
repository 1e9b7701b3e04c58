import { fresh, leg, nobody, type Raise, type Stage } from './stage.js';

const organization =
  (more: object): Raise =>
  (s) =>
    s.ask('POST', '/v1/organizations', { legalName: 'A', legalDocument: '1', ...more });
const asset =
  (more: object): Raise =>
  (s) =>
    s.ask('POST', 'assets', { name: fresh(), type: 'others', code: 'XTS', ...more });
const account =
  (more: object): Raise =>
  (s) =>
    s.ask('POST', 'accounts', { assetCode: 'USD', type: 'deposit', ...more });
const get =
  (path: string | ((s: Stage) => string)): Raise =>
  (s) =>
    s.ask('GET', typeof path === 'string' ? path : path(s));
const noneFound = (path: string | ((s: Stage) => string)) =>
  get((s) => `${typeof path === 'string' ? path : path(s)}?metadata.nobody=has`);
const accountId = async (s: Stage, alias: string) => (await s.make('GET', `accounts/alias/${alias}`)).id;
const balanceId = async (s: Stage, alias: string, key = 'default') => {
  const { items } = await s.make('GET', `accounts/alias/${alias}/balances`);
  return items.find((one: { key: string }) => one.key === key).id;
};
const balance = async (s: Stage, body: object, alias = '@b') =>
  s.ask('POST', `accounts/${await accountId(s, alias)}/balances`, { key: fresh('key'), ...body });
const settings =
  (body: unknown): Raise =>
  (s) =>
    s.ask('PATCH', 'settings', body);
const deep = (levels: number): object => (levels === 0 ? {} : { a: deep(levels - 1) });
const many = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 1]));

/** An account that may owe, with what it owes. */
async function indebted(s: Stage, limit: string, owed: string): Promise<string> {
  const alias = fresh('@owe');
  await s.make('POST', 'accounts', { assetCode: 'USD', type: 'deposit', alias });
  const overdraft = { allowOverdraft: true, overdraftLimitEnabled: true, overdraftLimit: limit };
  await s.make('PATCH', `balances/${await balanceId(s, alias)}`, { settings: overdraft });
  const from = [leg(alias, owed)];
  await s.make('POST', 'transactions/outflow', {
    description: fresh('outflow'),
    send: { asset: 'USD', value: owed, source: { from } },
  });
  return alias;
}

/** Everything but transactions and routes: ledger-api §3, §4, §8, §10. */
export const raiseRecords: Readonly<Record<string, Raise>> = {
  '0002': async (s) => {
    const name = fresh('Twin');
    await s.make('POST', `${s.organization}/ledgers`, { name });
    return s.ask('POST', `${s.organization}/ledgers`, { name: name.toUpperCase() });
  },
  '0003': asset({ code: 'USD', type: 'currency' }),
  '0004': asset({ code: 'XTs' }),
  '0005': asset({ code: 'QQQ', type: 'fiat' }),
  '0007': get(`/v1/organizations/${nobody}`),
  '0008': (s) => s.ask('DELETE', s.organization),
  '0009': (s) => s.ask('POST', '/v1/organizations', { legalName: 'A' }),
  '0012': async (s) => s.ask('DELETE', `accounts/${await accountId(s, '@a')}`),
  '0015': async (s) => {
    const name = fresh('Segment');
    await s.make('POST', 'segments', { name });
    return s.ask('POST', 'segments', { name });
  },
  '0020': account({ alias: '@a' }),
  '0029': account({ parentAccountId: nobody }),
  '0030': async (s) => {
    await s.make('POST', 'assets', { name: 'Euro', type: 'currency', code: 'EUR' });
    return account({ assetCode: 'EUR', parentAccountId: await accountId(s, '@a') })(s);
  },
  '0032': organization({ address: { line1: 'x', country: 'XX' } }),
  '0033': asset({ code: 'XT1' }),
  '0034': account({ assetCode: 'BRL' }),
  '0035': account({ portfolioId: nobody, entityId: 'e' }),
  '0036': account({ segmentId: nobody }),
  '0037': (s) => s.ask('POST', `${s.organization}/ledgers/${nobody}/portfolios`, { name: 'P' }),
  '0038': (s) => s.ask('POST', `/v1/organizations/${nobody}/ledgers`, { name: 'L' }),
  '0039': organization({ parentOrganizationId: nobody }),
  '0040': asset({ type: 'stock' }),
  '0046': async (s) => {
    await s.sql(`alter table segment add constraint planted check (name <> 'planted')`);
    return s
      .ask('POST', 'segments', { name: 'planted' })
      .finally(() => s.sql('alter table segment drop constraint planted'));
  },
  '0047': organization({ legalName: 'x'.repeat(257) }),
  '0050': organization({ metadata: { ['k'.repeat(101)]: 1 } }),
  '0051': organization({ metadata: { k: 'v'.repeat(2001) } }),
  '0053': organization({ nickname: 'x' }),
  '0056': noneFound('assets'),
  '0057': noneFound('segments'),
  '0058': noneFound('portfolios'),
  '0059': noneFound('/v1/organizations'),
  '0060': noneFound((s) => `${s.organization}/ledgers`),
  '0064': noneFound('accounts'),
  '0065': get('/v1/organizations/1'),
  '0066': async (s) => {
    const path = await s.newLedger({ accounting: { validateAccountType: true } });
    return s.ask('POST', `${path}/accounts`, { assetCode: 'USD', type: 'deposit' });
  },
  '0067': organization({ metadata: { k: {} } }),
  '0069': noneFound(`accounts/${nobody}/operations`),
  '0071': noneFound('transactions'),
  '0074': async (s) => s.ask('DELETE', `accounts/${await accountId(s, '@external%2FUSD')}`),
  '0078': get('assets?start_date=2026-02-01&end_date=2026-01-01'),
  '0080': get('assets?limit=101'),
  '0081': get('assets?sort_order=up'),
  '0082': get('assets?page=0'),
  '0083': get('assets?start_date=2026-01-01'),
  '0085': get('accounts/alias/@nobody'),
  '0091': (s) => s.ask('PATCH', s.organization, { parentOrganizationId: s.organizationId }),
  '0093': async (s) => s.ask('DELETE', `balances/${await balanceId(s, '@a')}`),
  '0094': (s) => s.ask('POST', '/v1/organizations', '{'),
  '0096': account({ alias: 'not this' }),
  '0108': async (s) => {
    const keyValue = fresh('type');
    await s.make('POST', 'account-types', { name: 'T', keyValue });
    return s.ask('POST', 'account-types', { name: 'T', keyValue: keyValue.toUpperCase() });
  },
  '0109': get(`account-types/${nobody}`),
  '0110': noneFound('account-types'),
  '0120': (s) => s.ask('POST', 'account-types', { name: 'T', keyValue: 'a b' }),
  '0123': (s) => balance(s, { key: 'Default' }),
  '0124': (s) => balance(s, {}, '@external%2FUSD'),
  '0127': async (s) => {
    await s.sql('alter table balance add constraint broken check (alias not like $$@broken%$$)');
    return account({ alias: '@broken' })(s).finally(() => s.sql('alter table balance drop constraint broken'));
  },
  '0131': get('assets?start_date=yesterday&end_date=today'),
  '0132': async (s) => {
    await s.make('POST', '/v1/settings/metadata-indexes/entities/asset', { metadataKey: 'twice' });
    return s.ask('POST', '/v1/settings/metadata-indexes/entities/asset', { metadataKey: 'twice' });
  },
  '0133': (s) => s.ask('DELETE', '/v1/settings/metadata-indexes/entities/asset/key/none'),
  '0135': async (s) => {
    const index = (i: number) =>
      s.ask('POST', '/v1/settings/metadata-indexes/entities/segment', { metadataKey: `k${i}` });
    for (let i = 1; i <= 10; i += 1) await index(i);
    return index(11);
  },
  '0136': async (s) => {
    const rename = (from: string, to: string) => s.sql(`alter table portfolio rename column ${from} to ${to}`);
    await rename('metadata', 'gone');
    const index = s.ask('POST', '/v1/settings/metadata-indexes/entities/portfolio', { metadataKey: 'same' });
    return index.finally(() => rename('gone', 'metadata'));
  },
  '0138': get('/v1/settings/metadata-indexes?entity_name=balance'),
  '0140': async (s) => s.ask('GET', `balances/${await balanceId(s, '@a')}/history?date=2999-01-01T00:00:00Z`),
  '0141': async (s) => s.ask('GET', `balances/${await balanceId(s, '@a')}/history?date=2000-01-01T00:00:00Z`),
  '0142': async (s) => s.ask('GET', `balances/${await balanceId(s, '@a')}/history`),
  '0143': settings({ accounting: {}, filler: 'x'.repeat(64 * 1024) }),
  '0144': settings(deep(11)),
  '0145': organization({ metadata: many(101) }),
  '0147': settings({ billing: {} }),
  '0148': settings({ accounting: { validateRoutes: 'yes' } }),
  '0149': settings({ validateRoutes: true }),
  '0169': async (s) => s.ask('DELETE', `balances/${await balanceId(s, await indebted(s, '50', '20'), 'overdraft')}`),
  '0170': (s) => balance(s, { key: 'Overdraft' }),
  '0171': (s) => balance(s, { direction: 'up' }),
  '0172': (s) => balance(s, { settings: { balanceScope: 'internal' } }),
  '0173': async (s) =>
    s.ask('PATCH', `balances/${await balanceId(s, await indebted(s, '50', '20'))}`, {
      settings: { allowOverdraft: true, overdraftLimitEnabled: true, overdraftLimit: '19' },
    }),
  '0175': async (s) =>
    s.ask('PATCH', `balances/${await balanceId(s, await indebted(s, '50', '20'), 'overdraft')}`, {
      allowSending: true,
    }),
  '0176': settings({ tracer: { mode: 'loud' } }),
  '0491': async (s) => {
    const path = await s.newLedger({ accounting: { requireHolder: true } });
    return s.ask('POST', `${path}/accounts`, { assetCode: 'USD', type: 'deposit' });
  },
};

const holder = (s: Stage, document = fresh('doc')) =>
  s.make('POST', `${s.organization}/holders`, { type: 'NATURAL_PERSON', name: 'H', document });
/** An instrument of a new account of a new holder. */
async function instrument(s: Stage, more: object = {}) {
  const { id } = await holder(s);
  const { id: accountId } = await s.make('POST', 'accounts', { assetCode: 'USD', type: 'deposit' });
  const path = `${s.organization}/holders/${id}/instruments`;
  const links = { ledgerId: s.ledgerId, accountId };
  return { holderId: id, path, links, answer: await s.ask('POST', path, { ...links, ...more }) };
}
const party = (more: object) => ({
  relatedParties: [{ document: '1', name: 'P', role: 'PRIMARY_HOLDER', startDate: '2026-01-31', ...more }],
});
const partyRefused =
  (more: object): Raise =>
  async (s) =>
    (await instrument(s, party(more))).answer;

/** Holders and instruments: ledger-api §9.1, §9.2. */
export const raiseHolders: Readonly<Record<string, Raise>> = {
  '0488': async (s) => (await instrument(s, { ledgerId: nobody })).answer,
  '0489': async (s) => (await instrument(s, { accountId: nobody })).answer,
  'CRM-0006': get((s) => `${s.organization}/holders/${nobody}`),
  'CRM-0008': async (s) => s.ask('GET', `${s.organization}/holders/${(await holder(s)).id}/instruments/${nobody}`),
  'CRM-0010': async (s) => {
    const { document } = await holder(s);
    return s.ask('POST', `${s.organization}/holders`, { type: 'NATURAL_PERSON', name: 'H', document });
  },
  'CRM-0013': async (s) => {
    const { path, links } = await instrument(s);
    return s.ask('POST', path, links);
  },
  'CRM-0017': async (s) => s.ask('DELETE', `${s.organization}/holders/${(await instrument(s)).holderId}`),
  'CRM-0023': async (s) => {
    const { path, answer } = await instrument(s);
    return s.ask('PATCH', `${path}/${answer.body.id}`, { bankingDetails: { closingDate: '2000-01-01' } });
  },
  'CRM-0024': async (s) => {
    const { path, answer } = await instrument(s);
    return s.ask('DELETE', `${path}/${answer.body.id}/related-parties/${nobody}`);
  },
  'CRM-0025': partyRefused({ role: 'FRIEND' }),
  'CRM-0026': partyRefused({ document: '' }),
  'CRM-0027': partyRefused({ name: '' }),
  'CRM-0028': partyRefused({ startDate: undefined }),
  'CRM-0029': partyRefused({ endDate: '2026-01-01' }),
  'CRM-0030': async (s) => {
    const { id } = await holder(s);
    await s.make('POST', `holders/${id}/accounts`, { assetCode: 'USD', type: 'deposit' });
    return s.ask('DELETE', `${s.organization}/holders/${id}`);
  },
};

export { accountId, balanceId, indebted };
