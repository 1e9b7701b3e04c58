import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import { MetadataPatch, Nullable, StatusInput, Text, Uuid } from '../../../http/schemas.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { changeAccount } from '../../storage/accounts.js';
import { withTenant } from '../../storage/with-tenant.js';
import { AccountView, accountExample, accountView } from '../../views/account.js';
import { ok } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

const Body = Type.Object(
  {
    name: Type.Optional(Text(256)),
    entityId: Type.Optional(Nullable(Text(256))),
    portfolioId: Type.Optional(Nullable(Uuid())),
    segmentId: Type.Optional(Nullable(Uuid())),
    blocked: Type.Optional(Type.Boolean()),
    status: Type.Optional(StatusInput()),
    metadata: Type.Optional(MetadataPatch()),
  },
  { additionalProperties: false },
);

export const updateAccount = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'PATCH',
    url: `${ledgerPath}/accounts/:id`,
    guard: may('accounts', 'patch'),
    operationId: 'updateAccount',
    tag: 'Accounts',
    summary: 'Change an account',
    description:
      'Null clears segmentId, portfolioId and entityId; other members that are null, empty or left out stay as they are.',
    body: Body,
    requestExample: { name: 'Alice Adams', portfolioId: null, metadata: { tier: 'gold' } },
    success: { status: 200, description: 'After the change.', schema: AccountView, example: accountExample },
    errors: [
      'entity_not_found',
      'external_account_modification_prohibited',
      'portfolio_id_not_found',
      'segment_id_not_found',
    ],
    handler: async ({ context, params, body }) => {
      const id = param(params, 'id');
      const row = await withTenant(context, (tx) => changeAccount(tx, deps, ledgerScope(params), id, body));
      return ok(accountView(row));
    },
  });
