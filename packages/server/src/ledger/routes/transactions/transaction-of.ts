import { param } from '../shared/paths.js';

/** The transaction that the path names, for the poster. */
export function transactionOf(params: Readonly<Record<string, string>>) {
  return {
    organizationId: param(params, 'organization_id'),
    ledgerId: param(params, 'ledger_id'),
    transactionId: param(params, 'transaction_id'),
  };
}
