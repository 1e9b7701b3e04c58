import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import { MetadataPatch, StatusInput, Text } from '../../../http/schemas.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { changeLedger } from '../../storage/ledgers.js';
import { withTenant } from '../../storage/with-tenant.js';
import { LedgerView, ledgerExample, ledgerView } from '../../views/ledger.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';

const Body = Type.Object(
  {
    name: Type.Optional(Text(256)),
    status: Type.Optional(StatusInput()),
    metadata: Type.Optional(MetadataPatch()),
  },
  { additionalProperties: false },
);

export const updateLedger = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'PATCH',
    url: ledgerPath,
    guard: may('ledgers', 'patch'),
    operationId: 'updateLedger',
    tag: 'Ledgers',
    summary: 'Change a ledger',
    description: 'Members left out, empty or null stay as they are. Settings have a route of their own.',
    body: Body,
    requestExample: { name: 'Main books', metadata: { region: 'east' } },
    success: { status: 200, description: 'After the change.', schema: LedgerView, example: ledgerExample },
    errors: ['entity_not_found'],
    handler: async ({ context, params, body }) =>
      ok(ledgerView(await withTenant(context, (tx) => changeLedger(tx, deps, ledgerScope(params), body)))),
  });
