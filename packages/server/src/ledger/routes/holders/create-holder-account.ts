import { LedgerError } from '@cofferdam/core';
import { Type } from 'typebox';
import { defineRoute } from '../../../http/route.js';
import type { TenantContext } from '../../../postgres/tenant-context.js';
import type { LedgerDeps } from '../../ledger-deps.js';
import { createAccount } from '../../storage/accounts.js';
import { type EntityRow, getLive } from '../../storage/entity-rows.js';
import { createInstrument, type NewInstrument } from '../../storage/instruments.js';
import { withTenant } from '../../storage/with-tenant.js';
import { AccountView, accountExample, accountView } from '../../views/account.js';
import { InstrumentView, instrumentExample, instrumentView } from '../../views/instrument.js';
import { canonicalAccount, newAccountErrors, newAccountMembers } from '../accounts/create-account.js';
import { instrumentMembers } from '../instruments/instrument-body.js';
import { created } from '../shared/answers.js';
import { ledgerPath, ledgerScope, may, param } from '../shared/paths.js';

const Body = Type.Object({ ...newAccountMembers, ...instrumentMembers }, { additionalProperties: false });

const View = Type.Object(
  {
    account: AccountView,
    instrument: Type.Union([InstrumentView, Type.Null()]),
    instrumentError: Type.Optional(
      Type.Object({ status: Type.Literal('FAILED'), reason: Type.String({ description: 'The error code.' }) }),
    ),
  },
  { title: 'HolderAccount' },
);

export const createHolderAccount = (deps: LedgerDeps) =>
  defineRoute<TenantContext, typeof Body>({
    method: 'POST',
    url: `${ledgerPath}/holders/:id/accounts`,
    guard: may('accounts', 'post'),
    operationId: 'createHolderAccount',
    tag: 'Holders',
    summary: 'Create an account of a holder, with its instrument',
    description:
      'The instrument is made when any of its members is given. When it is refused the account stays: the answer is still 201 and says why.',
    body: Body,
    requestExample: { assetCode: 'USD', type: 'deposit', bankingDetails: instrumentExample.bankingDetails },
    success: {
      status: 201,
      description: 'The account, and the instrument or why there is none.',
      schema: View,
      example: { account: accountExample, instrument: instrumentExample },
    },
    errors: newAccountErrors,
    handler: async ({ context, params, body }) => {
      const place = ledgerScope(params);
      const holderId = param(params, 'id');
      const { bankingDetails, regulatoryFields, relatedParties, ...accountBody } = body;
      const given = { ...canonicalAccount(accountBody), holderId };
      const account = await withTenant(context, async (tx) => {
        await getLive(tx, 'holder', { organization_id: place.organization_id }, holderId, 'share');
        return createAccount(tx, deps, place, given);
      });
      const parts = { bankingDetails, regulatoryFields, relatedParties };
      const wanted = Object.values(parts).some((part) => part !== undefined && part !== null);
      const outcome = wanted
        ? await addInstrument(context, deps, account, { ...withoutUndefined(parts), metadata: body.metadata ?? {} })
        : { instrument: null };
      return created({ account: accountView(account), ...outcome });
    },
  });

type InstrumentParts = Omit<NewInstrument, 'ledgerId' | 'accountId'>;

/** In a transaction of its own: the account is there by now, whatever becomes of this (ledger-api §9.3). */
async function addInstrument(
  context: TenantContext,
  deps: LedgerDeps,
  account: EntityRow<'account'>,
  parts: InstrumentParts,
) {
  const place = { organization_id: account.organization_id, holder_id: account.holder_id as string };
  const given = { ...parts, ledgerId: account.ledger_id, accountId: account.id };
  try {
    const row = await withTenant(context, (tx) => createInstrument(tx, deps, place, given));
    return { instrument: instrumentView(row) };
  } catch (error) {
    if (!(error instanceof LedgerError)) throw error;
    return {
      instrument: null,
      instrumentError: { status: 'FAILED', reason: error.code },
    };
  }
}

function withoutUndefined<T extends object>(members: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined)) as never;
}
