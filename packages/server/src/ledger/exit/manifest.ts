import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { OperatorError } from '../../postgres/operator-error.js';

export const exportFormats = ['csv', 'jsonl', 'parquet'] as const;
export type ExportFormat = (typeof exportFormats)[number];

const Digest = Type.String({ pattern: '^[0-9a-f]{64}$' });

/** What an export says of itself: `manifest.json` beside the files. */
const Manifest = Type.Object({
  product: Type.Literal('cofferdam'),
  kind: Type.Literal('books'),
  /** Of this description; a reader refuses one it does not know. */
  version: Type.Literal(1),
  format: Type.Enum([...exportFormats]),
  tenant: Type.Object({ id: Type.String(), slug: Type.Optional(Type.String()) }),
  /** All files show the books at this one moment (RFC 3339). */
  takenAt: Type.String(),
  /** The last migration of the books. */
  schemaVersion: Type.String(),
  tables: Type.Array(
    Type.Object({
      name: Type.String({ pattern: '^[a-z_]{1,63}$' }),
      file: Type.String({ pattern: '^[a-z_]{1,63}\\.(csv|jsonl|parquet)$' }),
      columns: Type.Array(
        Type.Object({
          name: Type.String({ pattern: '^[a-z0-9_]{1,63}$' }),
          type: Type.String({ pattern: '^[a-z0-9_]{1,63}$' }),
          nullable: Type.Boolean(),
        }),
      ),
      primaryKey: Type.Array(Type.String({ pattern: '^[a-z0-9_]{1,63}$' }), { minItems: 1 }),
      rows: Type.Integer({ minimum: 0 }),
      bytes: Type.Integer({ minimum: 0 }),
      /** SHA-256 of the file. */
      sha256: Digest,
      /** SHA-256 of the rows as PostgreSQL prints them in CSV, by primary key: the same for every format. */
      contentSha256: Digest,
    }),
  ),
});

export type Manifest = Static<typeof Manifest>;
export type TableManifest = Manifest['tables'][number];

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
  const [first] = Value.Errors(Manifest, value);
  throw new OperatorError(
    `${manifestFile} is not of an export of books: ${first?.instancePath || '/'} ${first?.message}.`,
  );
}
