import type { ClientSecrets } from '../credentials/client-secrets.js';
import { admitsAddress } from '../directory/allowed-addresses.js';
import { findApplicationByClientId } from '../directory/applications.js';
import { insertAuditEvent } from '../directory/audit-events.js';
import { holdClient } from '../directory/client-lock.js';
import { findTenant } from '../directory/tenants.js';
import type { DirectoryTx } from '../directory/with-directory.js';
import type { TokenPlan, TokenSubject } from '../tokens/token-issuer.js';
import { openSession } from '../tokens/token-set.js';
import { refuseInactive, type TenantStatusPort } from './tenant-status.js';
import { machineSubject } from './token-subject.js';

export interface MachineLoginRequest {
  readonly grant: 'client_credentials';
  readonly clientId: string;
  readonly clientSecret: string;
  /** RFC 6749 §4.4.3: none on the OAuth face; the documented one promises it to machines too. */
  readonly withRefreshToken: boolean;
}

export interface MachineLoginOptions {
  readonly multiTenant: boolean;
  readonly tenantStatus: TenantStatusPort;
  readonly secrets: ClientSecrets;
  readonly now: () => Date;
  readonly newId: () => string;
}

type Opened = Awaited<ReturnType<typeof openSession>> | undefined;

export type MachineLoginOutcome =
  | { readonly subject: TokenSubject; readonly opened: Opened }
  /** One word for the audit. */
  | { readonly problem: string; readonly actor: string | undefined }
  /** The secret was right; thrown after the commit that keeps its record. */
  | { readonly refusal: unknown };

/**
 * A machine's login in one transaction: there is no slow hash to wait for. The client is held meanwhile, so that its withdrawal, or
 * that of a leaked secret, ends this login too, or comes first and it fails. The secret is verified first and always.
 */
export async function logInMachine(
  tx: DirectoryTx,
  { multiTenant, tenantStatus, secrets, now, newId }: MachineLoginOptions,
  { clientId, clientSecret, withRefreshToken }: MachineLoginRequest,
  { address, plan }: { readonly address: string; readonly plan: TokenPlan },
): Promise<MachineLoginOutcome> {
  await holdClient(tx, clientId);
  const at = now();
  const application = await findApplicationByClientId(tx, clientId, at);
  const tenant = await findTenant(tx);
  const matches = secrets.matches(application?.secretHmacs, clientSecret);
  const refused = (problem: string) => ({ problem, actor: application?.clientId });
  if (tenant === undefined || application === undefined) return refused('unknown_client');
  if (!matches) return refused('wrong_client_secret');
  if (application.unusable) return refused('client_disabled_or_expired');
  if (!admitsAddress(application.allowedAddresses, address)) return refused('address_not_allowed');

  const event = { kind: 'login', actor: clientId, address } as const;
  const refusal = multiTenant
    ? await refuseInactive(tenantStatus, tx.tenantId).then(
        () => undefined,
        (error: unknown) => error,
      )
    : undefined;
  if (refusal !== undefined) {
    await insertAuditEvent(tx, newId(), at, { ...event, result: 'refused', reason: 'tenant_not_active' });
    return { refusal };
  }
  // No token without its record: one commit.
  await insertAuditEvent(tx, newId(), at, { ...event, result: 'ok' });
  const subject = machineSubject(tx, tenant, application);
  return { subject, opened: withRefreshToken ? await openSession(tx, newId(), subject, plan) : undefined };
}
