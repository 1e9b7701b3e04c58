import { type TSchema, Type } from 'typebox';
import { type Query, readPage } from '../../../http/query.js';
import { AccessError } from '../../access-errors.js';
import type { ListPage } from '../../directory/user-accounts.js';

export const noStore = { 'cache-control': 'no-store' };

const limitMax = 100;

/** `page` from 1, `limit` from 1 to 100 (access-manager §3). @throws AccessError IDE-0004 */
export function readListPage(query: Query): ListPage & { page: number } {
  try {
    const { limit, page, offset } = readPage(query, { max: limitMax });
    return { limit, page, offset };
  } catch {
    throw new AccessError('invalid_query_parameter', {
      message: `page must be a whole number from 1, limit one from 1 to ${limitMax}.`,
    });
  }
}

export const listQuery = {
  page: Type.Optional(Type.Integer({ minimum: 1, default: 1 })),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: limitMax, default: 10 })),
};

export function listOf(item: TSchema) {
  return Type.Object({
    items: Type.Array(item),
    page: Type.Integer(),
    limit: Type.Integer(),
    total: Type.Integer(),
  });
}
