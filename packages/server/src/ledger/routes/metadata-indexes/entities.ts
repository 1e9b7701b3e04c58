import { LedgerError } from '@cofferdam/core';

/** What can have such an index (ledger-api §8): the words of the contract, which are our tables' names. */
export const indexedEntities = [
  'organization',
  'ledger',
  'segment',
  'account',
  'portfolio',
  'asset',
  'account_type',
  'transaction',
  'operation',
  'operation_route',
  'transaction_route',
] as const;

/** Throws 0138. */
export function checkEntityName(name: string): string {
  if ((indexedEntities as readonly string[]).includes(name)) return name;
  throw new LedgerError('invalid_entity_name', {
    detail: `The entity name must be one of ${indexedEntities.join(', ')}.`,
    entityType: 'MetadataIndex',
  });
}

/** What both the API and the index take for a key. */
export const metadataKeyPattern = '^[a-zA-Z][a-zA-Z0-9_]*$';
