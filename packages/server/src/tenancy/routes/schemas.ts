import { type Static, Type } from 'typebox';
import { Metadata, OneOf, Text } from '../../http/schemas.js';

const strict = { additionalProperties: false } as const;

/** Of a server, and what a placement asks for. */
export const labelsSchema = Type.Unsafe<Record<string, unknown>>({
  type: 'object',
  'x-free-form': true,
  description: 'Map of texts; at most 32 keys.',
});

const host = Text(253, {
  pattern: '^[A-Za-z0-9._:/-]+$',
  'x-message': 'must be a host name or an address',
});
const port = Type.Integer({ minimum: 1, maximum: 65_535, default: 5432 });

/** How an operator gives a PostgreSQL login. */
export const connectionMembers = {
  host,
  port: Type.Optional(port),
  database: Text(63),
  user: Text(63),
  password: Text(1_000),
  sslmode: Type.Optional(
    OneOf(['disable', 'require', 'verify-full'], {
      description: 'Default verify-full; in a local environment disable.',
    }),
  ),
  sslrootcert: Type.Optional(Text(100_000, { description: 'PEM text of the authority to trust.' })),
};

export const replicasSchema = Type.Array(Type.Object({ host, port: Type.Optional(port) }, strict), { maxItems: 8 });

/** Body of `POST /v1/tenants` (contract, "Creating a tenant"). */
export const newTenantBody = Type.Object(
  {
    name: Type.Unsafe<string>({ type: 'string', minLength: 1, maxLength: 256, description: 'Display only; any text.' }),
    slug: Type.Optional(
      Text(63, {
        pattern: '^[a-z][a-z0-9-]{1,62}$',
        'x-message':
          'must begin with a lower-case letter, then lower-case letters, digits or dashes; 2 to 63 characters',
        description: 'Made out of the name when absent. Never changes.',
      }),
    ),
    isolation: Type.Optional(OneOf(['database', 'schema'])),
    metadata: Type.Optional(Metadata()),
    owner: Type.Object(
      {
        email: Text(254, { pattern: '^[^\\s@]+@[^\\s@]+\\.[^\\s@]+$', 'x-message': 'must be an e-mail address' }),
        password: Text(256, { description: 'At least 12 characters with upper, lower, digit and special.' }),
      },
      strict,
    ),
    application: Type.Optional(
      Type.Object({ name: Text(256), role: OneOf(['editor', 'contributor', 'viewer']) }, strict),
    ),
    placement: Type.Optional(
      Type.Object(
        {
          server: Type.Optional(Text(63, { description: 'Id of a server.' })),
          labels: Type.Optional(labelsSchema),
        },
        {
          ...strict,
          description: 'By default the least full of all open servers; `labels`: of those that carry them all.',
        },
      ),
    ),
    database: Type.Optional(
      Type.Object(connectionMembers, {
        ...strict,
        description:
          'An empty database of the operator’s own for this tenant: PostgreSQL 15 or later, UTF8, owned by the login, which has CREATEROLE and need not be a superuser. A purge leaves the database and takes what was made in it.',
      }),
    ),
    adopt: Type.Optional(
      Type.Boolean({
        description:
          'The books of single-tenant mode become this tenant’s, with no data moved. Stop the single-tenant server first.',
      }),
    ),
  },
  strict,
);
export type NewTenantBody = Static<typeof newTenantBody>;

/** As answered everywhere. */
export const tenantSchema = Type.Object({
  id: Type.String(),
  slug: Type.String(),
  name: Type.String(),
  status: Type.Unsafe<string>({
    type: 'string',
    enum: ['provisioning', 'failed', 'active', 'suspended', 'deleting', 'deleted'],
  }),
  statusReason: Type.Optional(Type.String()),
  isolation: Type.Unsafe<string>({ type: 'string', enum: ['database', 'schema'] }),
  metadata: Type.Object({}),
  owner: Type.Optional(
    Type.Object({
      email: Type.String(),
      clientId: Type.String({
        description: 'What people of this tenant log in with, beside their user name and password.',
      }),
    }),
  ),
  application: Type.Optional(
    Type.Object({
      id: Type.String(),
      clientId: Type.String(),
      clientSecret: Type.Optional(Type.String({ description: 'Shown once, in the answer that made it.' })),
    }),
  ),
  purgeAfter: Type.Optional(Type.String()),
  createdAt: Type.String(),
  updatedAt: Type.String(),
});
