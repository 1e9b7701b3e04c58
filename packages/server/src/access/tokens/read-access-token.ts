import { KeysUnavailable } from '../../http/jwks.js';
import type { Principal } from '../../http/principal.js';
import { TokenRefused, type TokenRules, verifyToken } from '../../http/verify-token.js';
import { AccessError } from '../access-errors.js';

/**
 * Reads an access token that somebody asks about, by the rules by which one is let in: undefined when it would not be.
 * @throws AccessError AUT-1099 when the keys cannot be had; LedgerError when revocations cannot
 */
export function createAccessTokenReader(
  rules: TokenRules,
  isRevoked: (principal: Principal) => boolean | Promise<boolean>,
): (token: string) => Promise<Principal | undefined> {
  return async (token) => {
    try {
      const { principal } = await verifyToken(token, rules);
      return (await isRevoked(principal)) ? undefined : principal;
    } catch (error) {
      if (error instanceof TokenRefused) return undefined;
      if (error instanceof KeysUnavailable)
        throw new AccessError('unavailable', { message: 'The signing keys cannot be had at the moment.', log: error });
      throw error;
    }
  };
}
