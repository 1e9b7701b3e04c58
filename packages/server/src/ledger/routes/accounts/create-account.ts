import { type ErrorName, externalAccountType, LedgerError } from '@cofferdam/core';
import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import { AllOf, Metadata, Nullable, StatusInput, Text, Uuid } from '../../../http/schemas.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createAccount as create } from '../../storage/accounts.js';
import { withTenant } from '../../storage/with-tenant.js';
import { AccountView, accountExample, accountView } from '../../views/account.js';
import { created } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may } from '../shared/paths.js';

/** The system's own aliases have a character that others cannot have, and an answer of their own. */
const Alias = AllOf(Text(100), [
  { pattern: '^(?:[a-zA-Z0-9@:_-]+|[\\s\\S]*@external/[\\s\\S]*)$', 'x-error': 'invalid_account_alias' },
  { pattern: '^(?![\\s\\S]*@external/)', 'x-message': "cannot contain the text '@external/'" },
]);

/** What an account may be given wherever it is made. */
export const newAccountMembers = {
  name: Type.Optional(Text(256)),
  assetCode: Text(100),
  type: Text(256),
  alias: Type.Optional(Nullable(Alias)),
  parentAccountId: Type.Optional(Nullable(Uuid())),
  entityId: Type.Optional(Nullable(Text(256))),
  portfolioId: Type.Optional(Nullable(Uuid())),
  segmentId: Type.Optional(Nullable(Uuid())),
  blocked: Type.Optional(Type.Boolean()),
  skip: Type.Optional(Type.Object({ holder: Type.Optional(Type.Boolean()) }, { additionalProperties: false })),
  status: Type.Optional(StatusInput()),
  metadata: Type.Optional(Metadata()),
};

const Body = Type.Object(
  { ...newAccountMembers, holderId: Type.Optional(Nullable(Uuid())) },
  { additionalProperties: false },
);

/** Refusals of every create of an account. */
export const newAccountErrors = [
  'entity_not_found',
  'invalid_account_type',
  'skip_not_permitted',
  'holder_required',
  'holder_id_not_found',
  'asset_code_not_found',
  'portfolio_id_not_found',
  'segment_id_not_found',
  'invalid_parent_account_id',
  'mismatched_asset_code',
  'invalid_account_alias',
  'alias_unavailability',
  'account_creation_failed',
] as const satisfies readonly ErrorName[];

export const createAccount = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'POST',
    url: `${ledgerPath}/accounts`,
    guard: may('accounts', 'post'),
    operationId: 'createAccount',
    tag: 'Accounts',
    summary: 'Create an account',
    description: 'Its default balance is made with it. Without an alias the account is known by its id.',
    body: Body,
    requestExample: { name: 'Alice', assetCode: 'USD', type: 'deposit', alias: '@alice' },
    success: { status: 201, description: 'The new account.', schema: AccountView, example: accountExample },
    errors: newAccountErrors,
    handler: async ({ context, params, body }) => {
      const given = canonicalAccount(body);
      return created(accountView(await withTenant(context, (tx) => create(tx, deps, ledgerScope(params), given))));
    },
  });

/** `external` in any case is the external type, and such an account is known by its alias only. Throws 0009. */
export function canonicalAccount<B extends { readonly type: string; readonly alias?: string | null }>(body: B): B {
  if (body.type.toLowerCase() !== externalAccountType) return body;
  if ((body.alias ?? undefined) === undefined) throw aliasRequired();
  return { ...body, type: externalAccountType };
}

function aliasRequired(): LedgerError {
  return new LedgerError('missing_fields_in_request', {
    detail: 'alias is a required field when type is external.',
    entityType: 'Account',
  });
}
