import { Type } from 'typebox';
import type { PastBalance } from '../storage/balance-history.js';
import { balanceIdentity, balanceIdentityExample, balanceIdentityView } from './balance.js';
import { TimeView } from './entity.js';
import { exampleLife } from './examples.js';

/** A balance at a moment: without what says what is allowed today (ledger-api §4.9). */
export const PastBalanceView = Type.Object(
  {
    ...balanceIdentityView,
    overdraftUsed: Type.String({ description: 'Always "0".' }),
    createdAt: TimeView,
    updatedAt: TimeView,
  },
  { title: 'PastBalance' },
);

/** Zeros before the first operation. */
export function pastBalanceView(row: PastBalance) {
  const then = {
    available: row.past_available ?? '0',
    on_hold: row.past_on_hold ?? '0',
    version: row.past_version ?? 0,
  };
  return {
    ...balanceIdentity(row, then),
    overdraftUsed: '0',
    createdAt: row.created_at,
    updatedAt: row.past_at ?? row.created_at,
  };
}

export const pastBalanceExample = {
  ...balanceIdentityExample,
  overdraftUsed: '0',
  createdAt: exampleLife.createdAt,
  updatedAt: '2026-02-03T08:15:00.000Z',
};
