import type { RouteDefinition } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { cancelTransaction } from './cancel-transaction.js';
import { commitTransaction } from './commit-transaction.js';
import { countTransactions } from './count-transactions.js';
import { createAnnotationTransaction } from './create-annotation-transaction.js';
import { createBlockTransaction } from './create-block-transaction.js';
import { createDslTransaction } from './create-dsl-transaction.js';
import { createInflowTransaction } from './create-inflow-transaction.js';
import { createJsonTransaction } from './create-json-transaction.js';
import { createOutflowTransaction } from './create-outflow-transaction.js';
import { createTransactionBatch } from './create-transaction-batch.js';
import { createUnblockTransaction } from './create-unblock-transaction.js';
import { getTransaction } from './get-transaction.js';
import { listTransactions } from './list-transactions.js';
import { patchTransaction } from './patch-transaction.js';
import { revertTransaction } from './revert-transaction.js';

/** Rows 59–72 of ledger-api §2, and our batch (contract.md). */
export function transactionRoutes(deps: LedgerDeps): RouteDefinition<TenantContext>[] {
  return [
    createJsonTransaction(deps),
    createInflowTransaction(deps),
    createOutflowTransaction(deps),
    createAnnotationTransaction(deps),
    createBlockTransaction(deps),
    createUnblockTransaction(deps),
    createDslTransaction(deps),
    createTransactionBatch(deps),
    commitTransaction(deps),
    cancelTransaction(deps),
    revertTransaction(deps),
    patchTransaction(deps),
    getTransaction(deps),
    listTransactions(deps),
    countTransactions(deps),
  ];
}
