import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { OperatorError } from '../../postgres/operator-error.js';

export const exportFormats = ['csv', 'jsonl', 'parquet'] as const;
export type ExportFormat = (typeof exportFormats)[number];

const Digest = Type.String({ pattern: '^[0-9a-f]{64}$' });

const Columns = Type.Array(
  Type.Object({
    name: Type.String({ pattern: '^[a-z0-9_]{1,63}$' }),
    type: Type.String({ pattern: '^[a-z0-9_]{1,63}$' }),
    nullable: Type.Boolean(),
  }),
);
const shared = {
  product: Type.Literal('cofferdam'),
  kind: Type.Literal('books'),
  format: Type.Enum([...exportFormats]),
  tenant: Type.Object({ id: Type.String(), slug: Type.Optional(Type.String()) }),
  /** All files show the books at this one moment (RFC 3339). */
  takenAt: Type.String(),
  /** The last migration of the books. */
  schemaVersion: Type.String(),
};
const ofTable = {
  name: Type.String({ pattern: '^[a-z_]{1,63}$' }),
  columns: Columns,
  primaryKey: Type.Array(Type.String({ pattern: '^[a-z0-9_]{1,63}$' }), { minItems: 1 }),
};
/** `operation.csv`; what does not fit into it follows as `operation.0002.csv`, … */
export const bookFilePattern = '[a-z_]{1,63}(\\.[0-9]{4,9})?\\.(csv|jsonl|parquet)';
const ofFile = {
  file: Type.String({ pattern: `^${bookFilePattern}$` }),
  rows: Type.Integer({ minimum: 0 }),
  bytes: Type.Integer({ minimum: 0 }),
  /** SHA-256 of the file. */
  sha256: Digest,
  /** SHA-256 of its rows as PostgreSQL prints them in CSV with a line of names: the same for every format. */
  contentSha256: Digest,
};

/** What an export says of itself: `manifest.json` beside the files. */
const Manifest = Type.Object({
  ...shared,
  /** Of this description; a reader refuses one it does not know. */
  version: Type.Literal(2),
  tables: Type.Array(
    Type.Object({
      ...ofTable,
      rows: Type.Integer({ minimum: 0 }),
      /** One after the other they are the table, by primary key. */
      files: Type.Array(Type.Object(ofFile), { minItems: 1 }),
    }),
  ),
});

/** Until a table could have several files. */
const ManifestOfOneFileATable = Type.Object({
  ...shared,
  version: Type.Literal(1),
  tables: Type.Array(Type.Object({ ...ofTable, ...ofFile })),
});

export type Manifest = Static<typeof Manifest>;
export type TableManifest = Manifest['tables'][number];
export type FileManifest = TableManifest['files'][number];

export const manifestFile = 'manifest.json';

/** @throws OperatorError naming the first thing that is not as it must be */
export function readManifest(text: string): Manifest {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new OperatorError(`${manifestFile} is not JSON: is the export complete?`);
  }
  if (Value.Check(Manifest, value)) return value;
  if (Value.Check(ManifestOfOneFileATable, value))
    return {
      ...value,
      version: 2,
      tables: value.tables.map(({ name, columns, primaryKey, ...file }) => ({
        ...{ name, columns, primaryKey, rows: file.rows },
        files: [file],
      })),
    };
  const [first] = Value.Errors(Manifest, value);
  throw new OperatorError(
    `${manifestFile} is not of an export of books: ${first?.instancePath || '/'} ${first?.message}.`,
  );
}
