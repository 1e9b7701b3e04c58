import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import { Metadata, StatusInput, Text } from '../../../http/schemas.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createLedger as create } from '../../storage/ledgers.js';
import { withTenant } from '../../storage/with-tenant.js';
import { LedgerView, ledgerExample, ledgerView } from '../../views/ledger.js';
import { created } from '../shared/answers.js';
import { may, organizationPath, param } from '../shared/paths.js';
import { InitialSettings, readInitialSettings } from './initial-settings.js';

const Body = Type.Object(
  {
    name: Text(256),
    status: Type.Optional(StatusInput()),
    settings: Type.Optional(InitialSettings),
    metadata: Type.Optional(Metadata()),
  },
  { additionalProperties: false },
);

export const createLedger = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'POST',
    url: `${organizationPath}/ledgers`,
    guard: may('ledgers', 'post'),
    operationId: 'createLedger',
    tag: 'Ledgers',
    summary: 'Create a ledger',
    description:
      'The name must be free in the organization, in any letter case. Settings are taken whole: members left out count as false, empty or 0.',
    body: Body,
    requestExample: { name: 'Main' },
    success: { status: 201, description: 'The new ledger.', schema: LedgerView, example: ledgerExample },
    errors: ['organization_id_not_found', 'ledger_name_conflict', 'invalid_settings_field_value'],
    handler: async ({ context, params, body }) => {
      const organizationId = param(params, 'organization_id');
      const given = { ...body, settings: readInitialSettings(body.settings) };
      return created(ledgerView(await withTenant(context, (tx) => create(tx, deps, organizationId, given))));
    },
  });
