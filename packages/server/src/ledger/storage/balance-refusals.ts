import { LedgerError } from '@cofferdam/core';
import { overdraftKey } from './overdraft-companion.js';

export function invalidDirection(): LedgerError {
  return new LedgerError('invalid_balance_direction', {
    detail: 'direction must be "credit" or "debit".',
    entityType: 'Balance',
  });
}

export function notEmpty(): LedgerError {
  return new LedgerError('balance_cannot_be_deleted', {
    detail: 'The balance is not zero. Move what is available and release what is on hold, then delete it.',
    entityType: 'Balance',
  });
}

export function reservedKey(): LedgerError {
  return new LedgerError('reserved_balance_key', {
    detail: `The key "${overdraftKey}" is kept for the system. Choose another key.`,
    entityType: 'Balance',
  });
}

export function notOnExternal(): LedgerError {
  return new LedgerError('additional_balance_creation_not_allowed', {
    detail: 'An external account has its default balance only. Create the balance on another account.',
    entityType: 'Balance',
  });
}

export function internal(
  name: 'update_of_internal_balance' | 'deletion_of_internal_balance',
  verb: string,
): LedgerError {
  return new LedgerError(name, {
    detail: `This balance is kept by the system (its scope is internal) and cannot be ${verb}.`,
    entityType: 'Balance',
  });
}
