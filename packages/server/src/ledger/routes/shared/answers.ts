import { LedgerError } from '@cofferdam/core';
import type { Answer } from '../../../http/route.js';

export const ok = (body: unknown): Answer => ({ status: 200, body });
export const created = (body: unknown): Answer => ({ status: 201, body });
export const noContent: Answer = { status: 204 };

/** Counts travel in a header (ledger-api §4.1); `Content-Length: 0` is part of the contract. */
export const counted = (total: number): Answer => ({
  status: 204,
  headers: { 'X-Total-Count': String(total), 'Content-Length': '0' },
});

export const countedSuccess = {
  status: 204,
  description: 'No body; the count is in the header.',
  headers: { 'X-Total-Count': 'How many live records there are.' },
} as const;

export const deletedSuccess = { status: 204, description: 'Deleted: the record is not found any more.' } as const;

export function notInProduction(entityType: string): LedgerError {
  return new LedgerError('action_not_permitted', {
    detail: 'Organizations and ledgers cannot be deleted in a production environment. Set their status instead.',
    entityType,
  });
}
