import { LedgerError } from '@cofferdam/core';

/** Empty texts count as unknown members of account types, and of nothing else (ledger-api §4.8). Throws 0053. */
export function refuseEmpty(body: object, names: readonly string[]): void {
  const given = new Map(Object.entries(body));
  const empty = names.filter((name) => given.get(name) === '');
  if (empty.length === 0) return;
  throw new LedgerError('unexpected_fields_in_the_request', {
    detail: `${empty.join(', ')} must not be empty. Give a text, or leave it out.`,
    entityType: 'AccountType',
    errors: empty.map((location) => ({ location, message: 'unexpected field', value: '' })),
  });
}
