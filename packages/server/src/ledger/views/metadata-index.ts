import { Type } from 'typebox';
import type { MetadataIndex } from '../storage/metadata-indexes.js';
import { TimeView } from './entity.js';

export const MetadataIndexView = Type.Object(
  {
    indexName: Type.String(),
    entityName: Type.String(),
    metadataKey: Type.String(),
    unique: Type.Boolean(),
    sparse: Type.Boolean({ description: 'Records without the key are not in the index.' }),
    stats: Type.Optional(Type.Object({ accesses: Type.Integer(), statsSince: Type.Optional(TimeView) })),
  },
  { title: 'MetadataIndex' },
);

/** `indexName` is what the contract calls an index, whatever its name in the store is. */
export function metadataIndexView({
  table,
  key,
  unique,
  sparse,
  accesses,
  statsSince,
}: Omit<MetadataIndex, 'accesses' | 'statsSince'> & Partial<MetadataIndex>) {
  return {
    indexName: `metadata.${key}_1`,
    entityName: table,
    metadataKey: key,
    unique,
    sparse,
    ...(accesses !== undefined && { stats: { accesses, ...(statsSince && { statsSince }) } }),
  };
}

export const metadataIndexExample = {
  indexName: 'metadata.color_1',
  entityName: 'account',
  metadataKey: 'color',
  unique: false,
  sparse: true,
};
