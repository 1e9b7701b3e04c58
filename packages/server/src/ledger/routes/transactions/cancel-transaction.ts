import type { LedgerDeps } from '../../ledger-deps.js';
import { endTransactionRoute } from './end-transaction.js';

export const cancelTransaction = (deps: LedgerDeps) =>
  endTransactionRoute(deps, 'cancel', {
    summary: 'Cancel a pending transaction',
    description: 'What was held is available again.',
  });
