import { Type } from 'typebox';
import { readFlag } from '../../../http/query.js';

type Query = Readonly<Record<string, string>>;

/** Holders and instruments can be read after their deletion, and deleted for good (ledger-api §9.1). */
export const includeDeletedQuery = Type.Object({
  include_deleted: Type.Optional(Type.Boolean({ description: 'Deleted ones are found too.' })),
});
export const hardDeleteQuery = Type.Object({
  hard_delete: Type.Optional(Type.Boolean({ description: 'The record is removed for good, not only hidden.' })),
});

/** Both throw 0082 for what is no flag. */
export const readIncludeDeleted = (query: Query) => readFlag(query, 'include_deleted') === true;
export const readHardDelete = (query: Query) => readFlag(query, 'hard_delete') === true;
