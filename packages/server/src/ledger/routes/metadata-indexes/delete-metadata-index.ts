import { LedgerError } from '@cofferdam/core';
import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { deletedSuccess, noContent } from '../shared/answers.js';
import { may, param } from '../shared/paths.js';
import { checkEntityName, metadataKeyPattern } from './entities.js';

export const deleteMetadataIndex = ({ metadataIndexes }: LedgerDeps) =>
  defineRoute<TenantContext>({
    method: 'DELETE',
    url: '/v1/settings/metadata-indexes/entities/:entity_name/key/:index_key',
    textParams: ['entity_name', 'index_key'],
    guard: may('settings', 'delete'),
    operationId: 'deleteMetadataIndex',
    tag: 'Metadata indexes',
    summary: 'Delete a metadata index',
    success: { ...deletedSuccess, description: 'Deleted; filters on the key work on, without it.' },
    errors: ['invalid_entity_name', 'metadata_index_not_found'],
    handler: async ({ context, params }) => {
      const table = checkEntityName(param(params, 'entity_name'));
      const key = param(params, 'index_key');
      const known = key.length <= 100 && new RegExp(metadataKeyPattern).test(key);
      if (!known || (await metadataIndexes.drop(context, { table, key })) === 'missing')
        throw new LedgerError('metadata_index_not_found', {
          detail: 'This entity has no index on this metadata key. List the indexes to see which there are.',
          entityType: 'MetadataIndex',
        });
      return noContent;
    },
  });
