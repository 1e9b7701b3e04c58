import { createKeySource } from '../../http/jwks.js';
import type { Principal } from '../../http/principal.js';
import { createRevocationList, type RevocationList } from '../../http/revocation-list.js';
import type { TokenRules } from '../../http/verify-token.js';
import type { AccessStore } from '../directory/with-directory.js';
import { type KeyRing, openKeyRing } from '../keys/key-ring.js';
import { createHousekeeping, type Housekeeping } from '../login/housekeeping.js';
import { createAccessTokenReader } from '../tokens/read-access-token.js';
import { readRevocations } from '../tokens/read-revocations.js';
import { createTokenIssuer, type TokenIssuer, tokenAudience } from '../tokens/token-issuer.js';
import type { AccessManagerOptions } from './access-manager-options.js';

/** One core under both faces: keys, what is signed with them, how it is verified, and what was withdrawn. */
export interface TokenCore {
  readonly keys: KeyRing;
  readonly issuer: TokenIssuer;
  readonly rules: TokenRules;
  readonly revocations: RevocationList;
  readonly isRevoked: (principal: Principal) => boolean | Promise<boolean>;
  /** Call it after a revocation: this process must know of its own at once. */
  readonly onRevoked: () => Promise<void>;
  /** Undefined: no access token of ours that is good now. */
  readonly readAccessToken: (token: string) => Promise<Principal | undefined>;
  readonly housekeeping: Housekeeping;
}

/** What was known may be used so long while the database cannot be reached (contract, "Fail-static"). */
const failStaticMs = 15 * 60_000;

/** @throws Error when the database cannot be reached, or the signing key was sealed with another encryption key */
export async function createTokenCore(store: AccessStore, options: AccessManagerOptions): Promise<TokenCore> {
  const { encryptionKey, algorithm, issuer, environmentName, multiTenant, logger, now, newId } = options;
  const keys = await openKeyRing({ store, encryptionKey, algorithm, now });
  const housekeeping = createHousekeeping({ store, now, log: logger });
  const revocations = createRevocationList({
    load: (since) => readRevocations(store, since),
    now,
    usableForMs: failStaticMs,
    onError: (error) => logger.warn({ err: error }, 'the revocations cannot be read'),
  });
  const isRevoked = (principal: Principal) => revocations.isRevoked(principal);
  const rules: TokenRules = {
    // From memory: asking again costs nothing, and a token of a key just made is known at once.
    keys: createKeySource({ load: () => keys.publicKeys(), now, freshForMs: 60_000, unknownEveryMs: 0 }),
    issuer,
    audience: tokenAudience,
    environment: environmentName,
    multiTenant,
    now,
  };
  const onIssued = housekeeping.visit;
  return {
    keys,
    issuer: createTokenIssuer({ issuer, environmentName, multiTenant, keys, now, newId, onIssued }),
    rules,
    revocations,
    isRevoked,
    onRevoked: () => revocations.refresh(),
    readAccessToken: createAccessTokenReader(rules, isRevoked),
    housekeeping,
  };
}
