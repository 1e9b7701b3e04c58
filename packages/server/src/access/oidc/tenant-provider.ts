import type { TenantId } from '@cofferdam/core';
import { exportJWK, generateKeyPair, type JWK } from 'jose';
import type { Configuration, default as Provider } from 'oidc-provider';
import { findUserById } from '../directory/users.js';
import { type AccessStore, withDirectory } from '../directory/with-directory.js';
import { renderErrorPage } from './login-page.js';
import { createRecordStore } from './record-store.js';

export interface TenantProviderOptions {
  readonly store: AccessStore;
  readonly issuer: string;
  /** Signs cookies; 32 bytes in base64url. */
  readonly cookieKey: string;
  /** Behind a proxy that is trusted: scheme and host are taken from its headers. */
  readonly trustsProxy: boolean;
  readonly now: () => Date;
}

/** Where a tenant's part of the authorization endpoint lives; the tenant is only where to look. */
export const pathOfTenant = (tenantId: TenantId) => `/oidc/${tenantId}`;

const codeSeconds = 60;
const loginSeconds = 600;

/**
 * oidc-provider as the authorization endpoint of one tenant: client, redirect URI, PKCE, prompts and codes. A provider of
 * its own for each tenant, so that no cookie, session or code is ever looked up across tenants. Its token endpoint is not
 * reachable: codes are exchanged in our token core (`exchange-code.ts`).
 */
export async function createTenantProvider(tenantId: TenantId, options: TenantProviderOptions): Promise<Provider> {
  const { store, issuer, cookieKey, trustsProxy, now } = options;
  // Loaded when the first person comes this way: a process that never serves a login page starts without it.
  const { default: ProviderOfTenant, interactionPolicy } = await import('oidc-provider');
  const policy = interactionPolicy.base();
  const { Check } = interactionPolicy;
  // No single sign-on: it would outlive our logout. Each authorization has a login of its own.
  policy
    .get('login')
    ?.checks.add(
      new Check('own_login', 'End-User authentication is required', (ctx) =>
        ctx.oidc.result?.login === undefined ? Check.REQUEST_PROMPT : Check.NO_NEED_TO_PROMPT,
      ),
    );
  const configuration: Configuration = {
    adapter: (name: string) => createRecordStore(name, { store, tenantId, now }),
    cookies: {
      keys: [cookieKey],
      long: { httpOnly: true, sameSite: 'lax', signed: true },
      short: { httpOnly: true, sameSite: 'lax', signed: true },
    },
    // It signs nothing that anybody accepts: response_type is code alone.
    jwks: { keys: [await throwAwayKey()] },
    features: {
      devInteractions: { enabled: false },
      userinfo: { enabled: false },
      rpInitiatedLogout: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      resourceIndicators: { enabled: false },
    },
    responseTypes: ['code'],
    scopes: ['openid', 'profile', 'email'],
    pkce: { required: () => true },
    // Compared to the letter, so there must be something to compare (OpenID Connect Core §3.1.2.1).
    allowOmittingSingleRegisteredRedirectUri: false,
    ttl: { AuthorizationCode: codeSeconds, Interaction: loginSeconds, Session: loginSeconds, Grant: loginSeconds },
    expiresWithSession: () => false,
    interactions: { policy, url: (_ctx, { uid }) => `${pathOfTenant(tenantId)}/login/${uid}` },
    async findAccount(_ctx, id) {
      const user = await withDirectory(store, tenantId, (tx) => findUserById(tx, id));
      if (user === undefined || user.disabled) return undefined;
      return { accountId: user.id, claims: () => ({ sub: user.id }) };
    },
    // The clients are the tenant's own: what they may do is the person's, and nothing is asked twice.
    async loadExistingGrant(ctx) {
      const { client, session, provider } = ctx.oidc;
      if (client === undefined || session?.accountId === undefined) return undefined;
      const grant = new provider.Grant({ clientId: client.clientId, accountId: session.accountId });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
    renderError(ctx, out) {
      ctx.type = 'html';
      ctx.body = renderErrorPage(out.error_description ?? out.error);
    },
  };
  const provider = new ProviderOfTenant(issuer, configuration);
  provider.proxy = trustsProxy;
  return provider;
}

async function throwAwayKey(): Promise<JWK> {
  const { privateKey } = await generateKeyPair('ES256', { extractable: true });
  return { ...(await exportJWK(privateKey)), alg: 'ES256', use: 'sig' };
}
