import type { LedgerDeps } from '../../ledger-deps.js';
import { endTransactionRoute } from './end-transaction.js';

export const commitTransaction = (deps: LedgerDeps) =>
  endTransactionRoute(deps, 'commit', {
    summary: 'Commit a pending transaction',
    description: 'What was held is posted.',
  });
