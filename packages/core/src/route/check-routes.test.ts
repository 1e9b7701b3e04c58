import { describe, expect, it } from 'vitest';
import { LedgerError } from '../errors.js';
import type { AccountingEntries, OperationRoute, TransactionRoute } from './accounting-route.js';
import { checkRoutes, type RoutedLeg, rubricOf } from './check-routes.js';

const rubric = { debit: { code: 'd', description: 'D' }, credit: { code: 'c', description: 'C' } };
const entries: AccountingEntries = { direct: rubric, hold: rubric, commit: rubric, cancel: rubric };

const route = (...operationRoutes: OperationRoute[]): TransactionRoute => ({ id: 'r', operationRoutes });
const operationRoute = (id: string, more: Partial<OperationRoute> = {}): OperationRoute => ({
  id,
  operationType: 'source',
  account: null,
  entries,
  ...more,
});
const leg = (side: RoutedLeg['side'], routeId: string, more: Partial<RoutedLeg> = {}): RoutedLeg => ({
  side,
  direction: side === 'source' ? 'debit' : 'credit',
  accountAlias: '@a',
  accountType: 'deposit',
  routeId,
  ...more,
});

function codeOf(run: () => void): string {
  try {
    run();
    return 'followed';
  } catch (error) {
    if (error instanceof LedgerError) return error.code;
    throw error;
  }
}

describe('checkRoutes', () => {
  const to = operationRoute('to', { operationType: 'destination', entries: { direct: rubric, commit: rubric } });
  const oneWay = route(operationRoute('from'), to);

  it('takes the destinations of a hold from its commit and asks a cancel for sources only', () => {
    const legs = [leg('source', 'from'), leg('destination', 'to')];
    for (const action of ['direct', 'hold', 'commit', 'cancel'] as const)
      expect(codeOf(() => checkRoutes(oneWay, action, legs, []))).toBe('followed');
    expect(codeOf(() => checkRoutes(oneWay, 'revert', legs, []))).toBe('0157');
    const wrongPayee = [leg('source', 'from'), leg('destination', 'elsewhere')];
    expect(codeOf(() => checkRoutes(oneWay, 'cancel', wrongPayee, []))).toBe('followed');
    expect(codeOf(() => checkRoutes(oneWay, 'hold', wrongPayee, []))).toBe('0116');
  });

  it('lets one-way routes take their own direction only, a cancel apart', () => {
    const legs = [leg('source', 'from', { direction: 'credit' }), leg('destination', 'to')];
    expect(codeOf(() => checkRoutes(oneWay, 'direct', legs, []))).toBe('0152');
    expect(codeOf(() => checkRoutes(oneWay, 'cancel', legs, []))).toBe('followed');
  });

  it('leaves the type of an unknown account to the check that refuses it', () => {
    const typed = route(operationRoute('from', { account: { ruleType: 'account_type', validIf: ['x'] } }), to);
    const legs = (accountType: string | undefined) => [
      leg('source', 'from', { accountType }),
      leg('destination', 'to'),
    ];
    expect(codeOf(() => checkRoutes(typed, 'direct', legs('y'), []))).toBe('0119');
    expect(codeOf(() => checkRoutes(typed, 'direct', legs(undefined), []))).toBe('followed');
  });

  it('wants the rubric of the direction in which an overdraft goes', () => {
    const half = route(operationRoute('from', { entries: { direct: rubric, overdraft: { debit: rubric.debit } } }), to);
    const legs = [leg('source', 'from'), leg('destination', 'to')];
    const with_ = (direction: 'debit' | 'credit') => () =>
      checkRoutes(half, 'direct', legs, [{ routeId: 'from', direction }]);
    expect(codeOf(with_('debit'))).toBe('followed');
    expect(codeOf(with_('credit'))).toBe('0492');
  });
});

describe('rubricOf', () => {
  it('is that of the scenario and the direction, or none', () => {
    const r = route(
      operationRoute('from', { entries: { ...entries, block: { debit: { code: 'b', description: 'B' } } } }),
    );
    const of = (type: 'DEBIT' | 'BLOCK' | 'UNBLOCK' | 'OVERDRAFT', direction: 'debit' | 'credit', routeId = 'from') =>
      rubricOf(r, 'direct', { type, direction, routeId })?.code;
    expect([of('DEBIT', 'debit'), of('BLOCK', 'debit'), of('UNBLOCK', 'credit')]).toEqual(['d', 'b', 'c']);
    expect([of('OVERDRAFT', 'debit'), of('DEBIT', 'debit', 'other')]).toEqual([undefined, undefined]);
  });
});
