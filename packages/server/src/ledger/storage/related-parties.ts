import { type ErrorName, LedgerError } from '@cofferdam/core';
import type { RelatedParty } from './tables.js';

export const relatedPartyRoles = ['PRIMARY_HOLDER', 'LEGAL_REPRESENTATIVE', 'RESPONSIBLE_PARTY'] as const;

export interface RelatedPartyInput {
  readonly document?: string | null;
  readonly name?: string | null;
  readonly role?: string | null;
  readonly startDate?: string | null;
  readonly endDate?: string | null;
}

/** Each checked in the order of ledger-api §9.2: CRM-0026, 0027, 0025, 0028, 0029. */
export function readRelatedParties(
  given: readonly RelatedPartyInput[] | null | undefined,
  newId: () => string,
): RelatedParty[] {
  return (given ?? []).map((party, index) => {
    const at = `relatedParties[${index}]`;
    const document = required(party.document, 'related_party_document_required', `${at}.document`);
    const name = required(party.name, 'related_party_name_required', `${at}.name`);
    const role = required(party.role, 'invalid_related_party_role', `${at}.role`);
    if (!(relatedPartyRoles as readonly string[]).includes(role))
      throw refuse('invalid_related_party_role', `${at}.role must be one of ${relatedPartyRoles.join(', ')}.`);
    const startDate = required(party.startDate, 'related_party_start_date_required', `${at}.startDate`);
    if (!isDate(startDate))
      throw refuse('related_party_start_date_required', `${at}.startDate must be a date such as 2026-01-31.`);
    const endDate = party.endDate || undefined;
    if (endDate !== undefined && !(isDate(endDate) && Date.parse(endDate) >= Date.parse(startDate)))
      throw refuse('related_party_end_date_invalid', `${at}.endDate must be a date, and not before startDate.`);
    return { id: newId(), document, name, role, startDate, ...(endDate !== undefined && { endDate }) };
  });
}

/** A day of the calendar, or a moment. */
const isDate = (text: string) => /^\d{4}-\d{2}-\d{2}(T.+)?$/.test(text) && !Number.isNaN(Date.parse(text));

function required(value: string | null | undefined, name: ErrorName, where: string): string {
  if (value) return value;
  throw refuse(name, `${where} is missing: every related party needs it.`);
}

function refuse(name: ErrorName, detail: string): LedgerError {
  return new LedgerError(name, { detail, entityType: 'Instrument' });
}
