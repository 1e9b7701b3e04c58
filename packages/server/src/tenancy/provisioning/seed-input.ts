import type { TenantId } from '@cofferdam/core';
import type { Vault } from '../credentials.js';
import type { AccessSeed, ApplicationRole } from '../ports.js';

/** What the seed step needs and the tenant's row does not hold. Kept sealed between steps, forgotten at activation. */
export interface SeedInput {
  readonly email: string;
  /** Of the client through which the tenant's people log in. */
  readonly loginClientId: string;
  readonly passwordHash: string;
  readonly application?: {
    readonly id: string;
    readonly clientId: string;
    readonly secretHmac: Buffer;
    readonly name: string;
    readonly role: ApplicationRole;
  };
}

export function sealSeed(vault: Vault, tenantId: TenantId, input: SeedInput): string {
  const application = input.application;
  const plain = {
    ...input,
    ...(application === undefined
      ? {}
      : { application: { ...application, secretHmac: application.secretHmac.toString('base64') } }),
  };
  return vault.seal(tenantId, 'provisioning-input', JSON.stringify(plain));
}

export function openSeed(
  vault: Vault,
  tenant: { readonly id: TenantId; readonly slug: string; readonly name: string },
  sealed: string,
): AccessSeed {
  const input = JSON.parse(vault.open(tenant.id, 'provisioning-input', sealed)) as {
    email: string;
    loginClientId: string;
    passwordHash: string;
    application?: { id: string; clientId: string; secretHmac: string; name: string; role: ApplicationRole };
  };
  const { email, loginClientId, passwordHash, application } = input;
  return {
    tenantId: tenant.id,
    slug: tenant.slug,
    name: tenant.name,
    owner: { email, passwordHash },
    loginClientId,
    ...(application === undefined
      ? {}
      : { application: { ...application, secretHmac: Buffer.from(application.secretHmac, 'base64') } }),
  };
}
