import { Type } from 'typebox';
import type { Metadata, Timestamp } from '../storage/tables.js';

const nullable = <T extends Type.TSchema>(schema: T) => Type.Union([schema, Type.Null()]);

export const IdView = Type.String({ format: 'uuid' });
export const NullableIdView = nullable(IdView);
export const NullableTextView = nullable(Type.String());
export const TimeView = Type.String({ title: 'Timestamp', format: 'date-time', description: 'RFC 3339, UTC' });
export const AmountView = Type.String({
  title: 'Amount',
  pattern: '^-?\\d+(\\.\\d*[1-9])?$',
  description: 'Exact decimal, trailing zeros trimmed. Never a JSON number.',
  examples: ['1500.25'],
});

export const StatusView = Type.Object({ code: Type.String(), description: NullableTextView }, { title: 'Status' });

export const MetadataView = Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()]), {
  title: 'Metadata',
  description: 'Free, flat. Omitted when empty.',
});

/** Members at the end of every entity. */
export const lifeView = { createdAt: TimeView, updatedAt: TimeView, deletedAt: nullable(TimeView) };
export const describedView = { ...lifeView, metadata: Type.Optional(MetadataView) };
export const placedView = { organizationId: IdView, ledgerId: IdView };

interface LifeColumns {
  readonly created_at: Timestamp;
  readonly updated_at: Timestamp;
  readonly deleted_at: Timestamp | null;
}

export function lifeMembers(row: LifeColumns) {
  return { createdAt: row.created_at, updatedAt: row.updated_at, deletedAt: row.deleted_at };
}

export function statusMember(row: { readonly status_code: string; readonly status_description: string | null }) {
  return { code: row.status_code, description: row.status_description };
}

/** Life span and metadata, which is left out when empty (ledger-api §3.2). */
export function describedMembers(row: LifeColumns & { readonly metadata: Metadata }) {
  const metadata = metadataMember(row.metadata);
  return { ...lifeMembers(row), ...(metadata && { metadata }) };
}

/** Undefined, so left out of the answer, when empty. */
export function metadataMember(metadata: Metadata): Metadata | undefined {
  for (const _ in metadata) return metadata;
  return undefined;
}

export function placedMembers(row: { readonly organization_id: string; readonly ledger_id: string }) {
  return { organizationId: row.organization_id, ledgerId: row.ledger_id };
}
