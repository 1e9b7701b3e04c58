import { balanceId, indebted } from './raise-records.js';
import { fresh, leg, nobody, pay, type Raise, type Stage, transfer } from './stage.js';

const post =
  (body: object, kind = 'json'): Raise =>
  (s) =>
    s.ask('POST', `transactions/${kind}`, body);
const upload =
  (content: string): Raise =>
  (s) => {
    const body = `--x\r\nContent-Disposition: form-data; name="dsl"; filename="a.gold"\r\n\r\n${content}\r\n--x--\r\n`;
    return s.ask('POST', 'transactions/dsl', body, { headers: { 'content-type': 'multipart/form-data; boundary=x' } });
  };
const posted = async (s: Stage, body: object = pay()) => (await s.make('POST', 'transactions/json', body)).id;
const end = (s: Stage, id: string, how: string) => s.ask('POST', `transactions/${id}/${how}`);
/** Two balances of their own. */
async function pair(s: Stage) {
  const [from, to] = [fresh('@from'), fresh('@to')];
  for (const alias of [from, to]) await s.make('POST', 'accounts', { assetCode: 'USD', type: 'deposit', alias });
  return { from, to };
}

/** Transactions without routes: ledger-api §5. */
export const raiseTransactions: Readonly<Record<string, Raise>> = {
  '0017': upload(
    '(transaction V1 (chart-of-accounts-group-name G) (send USD 1|0 (source (from @a :share 400)) (distribute (to @b :remaining))))',
  ),
  '0018': (s) => post(pay('1000000'))(s),
  '0019': post(transfer('1', [leg('@nobody', '1')], [leg('@b', '1')])),
  '0024': async (s) => {
    const { from, to } = await pair(s);
    await s.make('PATCH', `balances/${await balanceId(s, to)}`, { allowReceiving: false });
    return post(transfer('1', [leg(from, '1')], [leg(to, '1')]))(s);
  },
  '0048': upload('(transaction V1'),
  '0049': upload(' '),
  '0072': post(transfer('1', [{ accountAlias: '@a' }], [leg('@b', '1')])),
  '0073': post(transfer('2', [leg('@a', '1')], [leg('@b', '2')])),
  '0087': async (s) => {
    const id = await posted(s);
    await end(s, id, 'revert');
    return end(s, id, 'revert');
  },
  '0088': async (s) => end(s, (await end(s, await posted(s), 'revert')).body.id, 'revert'),
  // Only an empty transaction has nothing to revert, and none can be made.
  '0089': async (s) => {
    const id = await posted(s);
    await s.sql('delete from operation where transaction_id = $1', [id]);
    return end(s, id, 'revert');
  },
  '0090': post(transfer('1', [leg('@a', '1')], [leg('@a', '1')])),
  '0098': post(transfer('1', [leg('@external/USD', '1')], [leg('@b', '1')], { pending: true })),
  '0099': async (s) => end(s, await posted(s), 'commit'),
  '0121': post(pay('1', { transactionDate: '2999-01-01' })),
  '0122': post(pay('1', { transactionDate: '2020-01-01', pending: true })),
  '0125': post(pay('0')),
  '0167': async (s) => {
    const alias = await indebted(s, '50', '20');
    return post(transfer('31', [leg(alias, '31')], [leg('@b', '31')]))(s);
  },
  '0168': async (s) => {
    const alias = await indebted(s, '50', '20');
    return post(transfer('1', [leg(alias, '1', { balanceKey: 'overdraft' })], [leg('@b', '1')]))(s);
  },
  // The companion vanished behind our back.
  '0174': async (s) => {
    const alias = await indebted(s, '50', '20');
    await s.sql(`update balance set deleted_at = now() where alias = $1 and key = 'overdraft'`, [alias]);
    return post(transfer('1', [leg(alias, '1')], [leg('@b', '1')]))(s);
  },
  '0178': async (s) => {
    const path = await s.newLedger({ tracer: { mode: 'enforce', failPosture: 'closed' } });
    await s.make('POST', `${path}/accounts`, { assetCode: 'USD', type: 'deposit', alias: '@a' });
    const send = { asset: 'USD', value: '1', distribute: { to: [leg('@a', '1')] } };
    return s.ask('POST', `${path}/transactions/inflow`, { send });
  },
  '0486': async (s) => {
    const id = await posted(s, pay('1', { pending: true }));
    await end(s, id, 'commit');
    return end(s, id, 'cancel');
  },
  '0490': post(pay('1', { skip: { fees: true } })),
};

const rubric = { code: 'c', description: 'd' };
const both = { debit: rubric, credit: rubric };
type Entries = Record<string, unknown>;
const operationRoute = (operationType: string, accountingEntries?: Entries, more: object = {}) => ({
  title: fresh('R'),
  operationType,
  ...(accountingEntries && { accountingEntries }),
  ...more,
});
const refuseRoute =
  (operationType: string, entries?: Entries, more?: object): Raise =>
  (s) =>
    s.ask('POST', 'operation-routes', operationRoute(operationType, entries, more));
/** In `path`: a transaction route of new operation routes. */
async function route(s: Stage, path: string, ...members: object[]) {
  const ids: string[] = [];
  for (const member of members) ids.push((await s.make('POST', `${path}/operation-routes`, member)).id);
  const made = await s.make('POST', `${path}/transaction-routes`, { title: fresh('T'), operationRoutes: ids });
  return { ids, routeId: made.id as string };
}
const oneWay = (account: object = {}) => [
  operationRoute('source', { direct: { debit: rubric } }, account),
  operationRoute('destination', { direct: { credit: rubric } }),
];

let validating: Promise<string> | undefined;
/** One ledger that validates routes, with money on `@a`. */
const routed = (s: Stage) => {
  validating ??= (async () => {
    const path = await s.newLedger();
    for (const alias of ['@a', '@b'])
      await s.make('POST', `${path}/accounts`, { assetCode: 'USD', type: 'deposit', alias });
    const send = { asset: 'USD', value: '100', distribute: { to: [leg('@a', '100')] } };
    await s.make('POST', `${path}/transactions/inflow`, { send });
    await s.make('PATCH', `${path}/settings`, { accounting: { validateRoutes: true } });
    return path;
  })();
  return validating;
};
const payBy = async (s: Stage, routeId: string, from: object, to: object, more: object = {}) =>
  s.ask(
    'POST',
    `${await routed(s)}/transactions/json`,
    transfer('1', [leg('@a', '1', { ...from })], [leg('@b', '1', { ...to })], { routeId, ...more }),
  );
/** A payment through `members`: the first for the source, the last for the destination. */
const through =
  (members: () => object[], more: object = {}): Raise =>
  async (s) => {
    const { ids, routeId } = await route(s, await routed(s), ...members());
    return payBy(s, routeId, { routeId: ids[0] }, { routeId: ids.at(-1) }, more);
  };

/** Operation routes, transaction routes and what they ask of a transaction: ledger-api §7. */
export const raiseRoutes: Readonly<Record<string, Raise>> = {
  '0101': (s) => s.ask('GET', `operation-routes/${nobody}`),
  '0102': (s) => s.ask('GET', 'operation-routes?metadata.nobody=has'),
  '0103': refuseRoute('sideways'),
  '0104': async (s) => {
    const { ids, routeId } = await route(s, s.ledger, operationRoute('bidirectional'));
    return s.ask('PATCH', `transaction-routes/${routeId}`, { operationRoutes: ids });
  },
  '0105': (s) => s.ask('GET', `transaction-routes/${nobody}`),
  '0106': (s) => s.ask('GET', 'transaction-routes?metadata.nobody=has'),
  '0107': async (s) => {
    const { ids } = await route(s, s.ledger, operationRoute('bidirectional'));
    return s.ask('DELETE', `operation-routes/${ids[0]}`);
  },
  '0111': refuseRoute('source', undefined, { account: { ruleType: 'colour', validIf: 'red' } }),
  '0112': refuseRoute('source', undefined, { account: { ruleType: 'alias', validIf: ['@a'] } }),
  // A rule that was stored otherwise than by us.
  '0113': async (s) => {
    const { ids, routeId } = await route(s, await routed(s), ...oneWay());
    await s.sql(`update operation_route set account = '{"ruleType": "alias"}' where id = $1`, [ids[0]]);
    return payBy(s, routeId, { routeId: ids[0] }, { routeId: ids[1] });
  },
  '0114': async (s) => s.ask('POST', `${await routed(s)}/transactions/json`, pay()),
  '0115': async (s) => s.ask('POST', `${await routed(s)}/transactions/json`, pay('1', { route: 'rent' })),
  '0116': through(() => [...oneWay(), ...oneWay()]),
  '0117': async (s) => {
    const { ids, routeId } = await route(s, await routed(s), ...oneWay());
    const from = [leg('@a', '1', { routeId: ids[0] }), leg('@a', '1')];
    const body = transfer('2', from, [leg('@b', '2', { routeId: ids[1] })], { routeId });
    return s.ask('POST', `${await routed(s)}/transactions/json`, body);
  },
  '0118': through(() => oneWay({ account: { ruleType: 'alias', validIf: '@somebody' } })),
  '0119': through(() => oneWay({ account: { ruleType: 'account_type', validIf: ['loan'] } })),
  '0150': async (s) => {
    const { body } = await through(() => oneWay())(s);
    return s.ask('POST', `${await routed(s)}/transactions/${body.id}/revert`);
  },
  // Rubrics are checked when a route is made: this one was changed otherwise.
  '0151': async (s) => {
    const { ids, routeId } = await route(s, await routed(s), operationRoute('bidirectional', { direct: both }));
    await s.sql(
      `update operation_route set accounting_entries = accounting_entries #- '{direct,credit}' where id = $1`,
      [ids[0]],
    );
    return payBy(s, routeId, { routeId: ids[0] }, { routeId: ids[0] });
  },
  '0153': async (s) => {
    const { id } = await s.make('POST', 'operation-routes', operationRoute('destination'));
    return s.ask('POST', 'transaction-routes', { title: 'T', operationRoutes: [id] });
  },
  '0154': async (s) => {
    const { id } = await s.make('POST', 'operation-routes', operationRoute('source'));
    return s.ask('POST', 'transaction-routes', { title: 'T', operationRoutes: [id] });
  },
  '0157': through(() => oneWay(), { pending: true }),
  '0158': (s) =>
    s.ask('POST', 'transaction-routes', {
      title: 'T',
      operationRoutes: Array.from({ length: 101 }, (_, i) => nobody.replace(/0000$/, String(1000 + i))),
    }),
  '0162': refuseRoute('destination', { direct: { credit: rubric }, hold: both }),
  '0163': refuseRoute('source', { direct: { debit: rubric }, hold: both }),
  '0164': refuseRoute('bidirectional', { revert: both }),
  '0165': refuseRoute('source', { direct: { debit: rubric }, revert: both }),
  '0166': refuseRoute('bidirectional', { direct: { debit: rubric } }),
  '0492': async (s) => {
    const path = await routed(s);
    const { items } = await s.make('GET', `${path}/accounts/alias/@a/balances`);
    await s.make('PATCH', `${path}/balances/${items[0].id}`, { settings: { allowOverdraft: true } });
    const { ids, routeId } = await route(s, path, operationRoute('bidirectional', { direct: both }));
    const by = { routeId: ids[0] };
    const body = transfer('500', [leg('@a', '500', by)], [leg('@b', '500', by)], { routeId });
    return s.ask('POST', `${path}/transactions/json`, body);
  },
};
