import { createHash } from 'node:crypto';
import { decodeJwt } from 'jose';
import { Secret, TOTP } from 'otpauth';
import { withDirectory } from '../../../src/access/directory/with-directory.js';
import { personToken, personTokens, type TestAccess, type TestTenant } from './access-manager.js';

/** Says, as the tenant's administrator, where the login page may send a browser back to. */
export async function setRedirectUris(access: TestAccess, of: TestTenant, redirectUris: string[]) {
  const authorization = `Bearer ${await personToken(access, of)}`;
  const { id } = await withDirectory(access.store, of.tenantId, ({ db }) =>
    db.selectFrom('application').select('id').where('client_id', '=', of.clientId).executeTakeFirstOrThrow(),
  );
  const url = `/v1/applications/${id}/redirect-uris`;
  return access.app.inject({ method: 'PUT', url, headers: { authorization }, payload: { redirectUris } });
}

/** The S256 challenge of RFC 7636. */
export const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');

/** Gives the tenant's owner an authenticator app; the first code that `code` answers is good. */
export async function enableTotp(access: TestAccess, person: TestTenant) {
  const userId = String(decodeJwt((await personTokens(access, person)).accessToken).sub);
  const within = <T>(fn: Parameters<typeof withDirectory<T>>[2]) => withDirectory(access.store, person.tenantId, fn);
  const setup = await within((tx) => access.mfaSettings.setUp(tx, userId, 'app', { issuer: 'x', account: 'y' }));
  const secret = Secret.fromBase32(setup?.secret ?? '');
  const code = () => new TOTP({ secret }).generate({ timestamp: access.clock.now.getTime() });
  await within((tx) => access.mfaSettings.verify(tx, userId, 'app', code()));
  await within((tx) => access.mfaSettings.enable(tx, userId, 'app', setup?.recoveryCodes[0] ?? ''));
  access.clock.forward(30);
  return { userId, code, recoveryCodes: setup?.recoveryCodes ?? [] };
}
