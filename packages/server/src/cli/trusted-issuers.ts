import { readFile } from 'node:fs/promises';
import { canonicalTenantId, type TenantId } from '@cofferdam/core';
import { type Static, Type } from 'typebox';
import { Value } from 'typebox/value';
import { ConfigError } from '../config.js';
import type { ExternalIssuer } from '../http/external-issuer.js';
import { createKeySource, fetchKeys } from '../http/jwks.js';
import { externalRoles } from '../http/principal.js';
import { refuseUnsafeUrl } from '../http/safe-url.js';

const text = Type.String({ minLength: 1, maxLength: 1_024 });
const issuerSchema = Type.Object(
  {
    issuer: text,
    jwksUrl: text,
    audience: text,
    /** Values of the header `typ`. Default `at+jwt`; Keycloak and Entra write `JWT`. */
    tokenTypes: Type.Optional(Type.Array(text, { minItems: 1 })),
    /** Of published keys that name none (Entra). */
    algorithm: Type.Optional(Type.Union([Type.Literal('RS256'), Type.Literal('ES256'), Type.Literal('EdDSA')])),
    /** Dots go into objects: `realm_access.roles`. */
    tenantClaim: Type.Optional(text),
    /** Tenant ids, or what the claim says → tenant id. */
    tenants: Type.Optional(Type.Union([Type.Array(text), Type.Record(Type.String(), text)])),
    rolesClaim: text,
    roles: Type.Record(Type.String(), Type.Union(externalRoles.map((role) => Type.Literal(role)))),
  },
  { additionalProperties: false },
);
const fileSchema = Type.Array(issuerSchema);

export interface TrustedIssuersOptions {
  /** `TRUSTED_ISSUERS_FILE`. */
  readonly path: string;
  readonly multiTenant: boolean;
  /** Cannot be claimed by another. */
  readonly ownIssuer: string;
  readonly now: () => Date;
  readonly onError: (error: unknown) => void;
}

/**
 * The external issuers that the operator trusts, each with the tenants it may speak for.
 * @throws ConfigError saying which entry is wrong and what would be right
 */
export async function readTrustedIssuers(options: TrustedIssuersOptions): Promise<readonly ExternalIssuer[]> {
  const { path, ownIssuer } = options;
  const wrong = (problem: string): ConfigError => new ConfigError(`TRUSTED_ISSUERS_FILE ${path}: ${problem}.`);
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw wrong(`cannot be read as JSON (${(error as Error).message})`);
  }
  if (!Value.Check(fileSchema, content)) {
    const [first] = Value.Errors(fileSchema, content);
    throw wrong(`${first?.instancePath || 'the content'} ${first?.message ?? 'is not a list of issuers'}`);
  }
  const seen = new Set([ownIssuer]);
  return content.map((entry) => {
    if (seen.has(entry.issuer)) throw wrong(`${entry.issuer} is there twice, or is this installation's own issuer`);
    seen.add(entry.issuer);
    return toIssuer(entry, options, (problem) => wrong(`${entry.issuer}: ${problem}`));
  });
}

function toIssuer(
  entry: Static<typeof issuerSchema>,
  { multiTenant, now, onError }: TrustedIssuersOptions,
  wrong: (problem: string) => ConfigError,
): ExternalIssuer {
  const { issuer, jwksUrl, audience, tokenTypes = ['at+jwt', 'application/at+jwt'], algorithm, tenantClaim } = entry;
  for (const url of [issuer, jwksUrl]) {
    try {
      refuseUnsafeUrl(url);
    } catch {
      throw wrong(`${url} must be an https URL; http only on this machine`);
    }
  }
  const tenants = tenantsOf(entry.tenants ?? [], wrong);
  if (multiTenant && tenants.size === 0) throw wrong('tenants must name at least one tenant: none are implied');
  if (!multiTenant && (tenants.size > 0 || tenantClaim !== undefined))
    throw wrong('tenants and tenantClaim have no meaning without MULTI_TENANT_ENABLED: leave them out');
  if (multiTenant && tenantClaim === undefined && new Set(tenants.values()).size > 1)
    throw wrong('tenantClaim is missing: with several tenants a claim must say which');
  const load = fetchKeys(jwksUrl);
  return Object.freeze({
    issuer,
    audience,
    tokenTypes,
    keys: createKeySource({
      load: async () => (await load()).map((key) => ({ ...(algorithm && { alg: algorithm }), ...key })),
      now,
      onError,
    }),
    tenantClaim: tenantClaim?.split('.'),
    tenants,
    rolesClaim: entry.rolesClaim.split('.'),
    roles: new Map(Object.entries(entry.roles)),
  });
}

function tenantsOf(
  given: readonly string[] | Readonly<Record<string, string>>,
  wrong: (problem: string) => ConfigError,
): Map<string, TenantId> {
  const named = Array.isArray(given);
  const tenants = new Map<string, TenantId>();
  for (const [name, id] of named ? given.map((one) => [one, one]) : Object.entries(given)) {
    const tenantId = canonicalTenantId(id as string);
    if (tenantId === undefined) throw wrong(`tenants: ${JSON.stringify(id)} is no tenant id`);
    tenants.set(named ? tenantId : (name as string), tenantId);
  }
  return tenants;
}
