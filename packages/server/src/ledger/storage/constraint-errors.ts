import { type ErrorName, LedgerError } from '@cofferdam/core';
import { isUniqueViolation, violatedConstraint } from '../../postgres/pg-errors.js';
import { metadataIndexPrefix } from '../metadata-index-port.js';

/**
 * What the database refuses by itself when two requests race past the look-up that normally answers. Keyed by the
 * unique index of `migrations/0001-books.ts`.
 */
const takenByIndex = {
  asset_code_live: {
    name: 'asset_name_or_code_duplicate',
    detail: 'An asset with this name or code exists in this ledger. Choose another name and code.',
    entityType: 'Asset',
  },
  account_type_key_live: {
    name: 'duplicate_account_type_key_value',
    detail: 'An account type with this keyValue exists in this ledger. Choose another keyValue.',
    entityType: 'AccountType',
  },
  account_alias_live: {
    name: 'alias_unavailability',
    detail: 'An account with this alias exists in this ledger. Choose another alias.',
    entityType: 'Account',
  },
  balance_alias_key_live: {
    name: 'duplicated_alias_key_value',
    detail: 'The account has a balance with this key. Choose another key.',
    entityType: 'Balance',
  },
  holder_document_live: {
    name: 'document_association',
    detail: 'A holder of this organization has this document. Use that holder, or correct the document.',
    entityType: 'Holder',
  },
  instrument_account_live: {
    name: 'account_already_associated',
    detail: 'The account has an instrument. Change that one, or name another account.',
    entityType: 'Instrument',
  },
} as const satisfies Record<string, { name: ErrorName; detail: string; entityType: string }>;

export type UniqueIndex = keyof typeof takenByIndex;

/** The refusal that a look-up raises before the index would, in the same words. */
export function taken(index: UniqueIndex): LedgerError {
  const { name, detail, entityType } = takenByIndex[index];
  return new LedgerError(name, { detail, entityType });
}

/** A unique violation as the refusal it means; anything else unchanged. */
export function asRefusal(error: unknown): unknown {
  const constraint = violatedConstraint(error);
  if (isUniqueViolation(error) && constraint?.startsWith(metadataIndexPrefix)) return takenMetadataValue();
  if (!isUniqueViolation(error) || constraint === undefined || !Object.hasOwn(takenByIndex, constraint)) return error;
  return taken(constraint as UniqueIndex);
}

/** The client itself asked for a unique index on this metadata key. */
function takenMetadataValue(): LedgerError {
  return new LedgerError('bad_request', {
    detail: 'A value in metadata is taken by another record, and a unique metadata index forbids that.',
    errors: [{ location: 'metadata', message: 'metadata has a value that must be unique and is taken' }],
  });
}
