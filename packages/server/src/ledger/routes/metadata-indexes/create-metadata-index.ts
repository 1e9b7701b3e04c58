import { LedgerError } from '@cofferdam/core';
import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import { Text } from '../../../http/schemas.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { listMetadataIndexes } from '../../storage/metadata-indexes.js';
import { readTenant } from '../../storage/with-tenant.js';
import { MetadataIndexView, metadataIndexExample, metadataIndexView } from '../../views/metadata-index.js';
import { created } from '../shared/answers.js';
import { may, param } from '../shared/paths.js';
import { checkEntityName, metadataKeyPattern } from './entities.js';

/** Every index is paid for by every write to its table. */
const indexesPerEntityMax = 10;

const Body = Type.Object(
  {
    metadataKey: Text(100, {
      pattern: metadataKeyPattern,
      'x-message': 'must start with a letter and have letters, digits and underscores only, 100 at most',
    }),
    unique: Type.Optional(Type.Boolean({ default: false })),
    sparse: Type.Optional(Type.Boolean({ default: true })),
  },
  { additionalProperties: false },
);

export const createMetadataIndex = ({ metadataIndexes }: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'POST',
    url: '/v1/settings/metadata-indexes/entities/:entity_name',
    textParams: ['entity_name'],
    guard: may('settings', 'post'),
    operationId: 'createMetadataIndex',
    tag: 'Metadata indexes',
    summary: 'Create a metadata index',
    description:
      'Makes filters on this metadata key fast. The index is built while the books stay open, and the call answers when it is ready.',
    body: Body,
    requestExample: { metadataKey: 'color' },
    success: { status: 201, description: 'The new index.', schema: MetadataIndexView, example: metadataIndexExample },
    errors: [
      'invalid_entity_name',
      'metadata_index_already_exists',
      'metadata_index_limit_exceeded',
      'metadata_index_creation_failed',
    ],
    handler: async ({ context, params, body }) => {
      const table = checkEntityName(param(params, 'entity_name'));
      const spec = { table, key: body.metadataKey, unique: body.unique ?? false, sparse: body.sparse ?? true };
      const known = await readTenant(context, (tx) => listMetadataIndexes(tx, table));
      if (known.some(({ key }) => key === spec.key)) throw alreadyThere();
      if (known.length >= indexesPerEntityMax)
        throw new LedgerError('metadata_index_limit_exceeded', {
          detail: `An entity can have ${indexesPerEntityMax} metadata indexes. Delete one that is not used any more.`,
          entityType: 'MetadataIndex',
        });
      if ((await metadataIndexes.create(context, spec)) === 'exists') throw alreadyThere();
      return created(metadataIndexView(spec));
    },
  });

function alreadyThere(): LedgerError {
  return new LedgerError('metadata_index_already_exists', {
    detail: 'This entity has an index on this metadata key. Delete it first to make one with other options.',
    entityType: 'MetadataIndex',
  });
}
