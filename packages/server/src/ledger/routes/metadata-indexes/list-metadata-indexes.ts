import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import { listMetadataIndexes as list } from '../../storage/metadata-indexes.js';
import { readTenant } from '../../storage/with-tenant.js';
import { MetadataIndexView, metadataIndexExample, metadataIndexView } from '../../views/metadata-index.js';
import { ok } from '../shared/answers.js';
import { may } from '../shared/paths.js';
import { checkEntityName, indexedEntities } from './entities.js';

export const listMetadataIndexes = () =>
  defineRoute<TenantContext>({
    method: 'GET',
    url: '/v1/settings/metadata-indexes',
    guard: may('settings', 'get'),
    operationId: 'listMetadataIndexes',
    tag: 'Metadata indexes',
    summary: 'List the metadata indexes',
    query: Type.Object({
      entity_name: Type.Optional(Type.String({ enum: [...indexedEntities] })),
    }),
    success: {
      status: 200,
      description: 'All of them, or those of one entity. A bare list.',
      schema: Type.Array(MetadataIndexView),
      example: [{ ...metadataIndexExample, stats: { accesses: 3 } }],
    },
    errors: ['invalid_entity_name'],
    handler: async ({ context, query }) => {
      const entity = query['entity_name'] ? checkEntityName(query['entity_name']) : undefined;
      const indexes = await readTenant(context, (tx) => list(tx, entity));
      return ok(indexes.map((index) => metadataIndexView(index)));
    },
  });
