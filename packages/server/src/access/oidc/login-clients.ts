import type { AdapterPayload } from 'oidc-provider';
import { isSafe } from '../../http/safe-url.js';
import { findApplicationByClientId } from '../directory/applications.js';
import type { DirectoryTx } from '../directory/with-directory.js';

/** How oidc-provider sees an application: undefined when it has no redirect URIs, or may not be used. */
export async function findLoginClient(
  tx: DirectoryTx,
  clientId: string,
  now: Date,
): Promise<AdapterPayload | undefined> {
  const application = await findApplicationByClientId(tx, clientId, now);
  if (application === undefined || application.unusable) return undefined;
  const redirectUris = await listRedirectUris(tx, application.id);
  if (redirectUris === undefined || redirectUris.length === 0) return undefined;
  return {
    client_id: clientId,
    client_name: application.name,
    redirect_uris: [...redirectUris],
    grant_types: ['authorization_code'],
    response_types: ['code'],
    id_token_signed_response_alg: 'ES256',
    application_type: 'web',
    // Codes are exchanged at our own token endpoint, which authenticates clients.
    token_endpoint_auth_method: 'none',
  };
}

/** Undefined: no such application. */
export async function listRedirectUris(
  { db, tenantId }: DirectoryTx,
  applicationId: string,
): Promise<readonly string[] | undefined> {
  const row = await db
    .selectFrom('application')
    .select('redirect_uris')
    .where('tenant_id', '=', tenantId)
    .where('id', '=', applicationId)
    .executeTakeFirst();
  return row?.redirect_uris;
}

/** False: no such application. */
export async function setRedirectUris(
  { db, tenantId }: DirectoryTx,
  applicationId: string,
  redirectUris: readonly string[],
  now: Date,
): Promise<boolean> {
  const row = await db
    .updateTable('application')
    .set({ redirect_uris: [...redirectUris], updated_at: now })
    .where('tenant_id', '=', tenantId)
    .where('id', '=', applicationId)
    .returning('id')
    .executeTakeFirst();
  return row !== undefined;
}

/** Of RFC 3986 §2: what is not among these, one reader of URLs drops and another takes for something else. */
const uriCharacters = /^[\w\-.~:/?#[\]@!$&'()*+,;=%]+$/;

/** Absolute, without fragment or credentials; https, or http to this machine (RFC 8252 §7.3). */
export function isRedirectUri(text: string): boolean {
  if (!uriCharacters.test(text)) return false;
  try {
    const url = new URL(text);
    return isSafe(url) && !text.includes('#') && url.username === '' && url.password === '' && !text.includes('*');
  } catch {
    return false;
  }
}
