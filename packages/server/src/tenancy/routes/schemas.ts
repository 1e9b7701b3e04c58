import { type Static, Type } from 'typebox';
import { Metadata, OneOf, Text } from '../../http/schemas.js';

const strict = { additionalProperties: false } as const;

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
