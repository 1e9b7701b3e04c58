declare const brand: unique symbol;
type Branded<B extends string> = string & { readonly [brand]: B };

/** Canonical tenant id: 32 lower-case hex digits for UUIDs, else the imported id verbatim (tenancy §2.1). */
export type TenantId = Branded<'TenantId'>;
/** Those that the planner looks balances up by: one must not be taken for the other. */
export type AccountId = Branded<'AccountId'>;
export type BalanceId = Branded<'BalanceId'>;

const dashed = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const dashless = /^[0-9a-f]{32}$/i;
const tenantIdPattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,255}$/;

/**
 * The one canonical form of a tenant id, or undefined when the text is no valid id (tenancy §2.1).
 * Idempotent. The only constructor of `TenantId`.
 */
export function canonicalTenantId(text: string): TenantId | undefined {
  if (dashed.test(text) || dashless.test(text)) return text.replaceAll('-', '').toLowerCase() as TenantId;
  return tenantIdPattern.test(text) ? (text as TenantId) : undefined;
}

/** A UUID in lower-case dashed form, or undefined. Path parameters are read leniently (ledger-api §3.1): any case, dashes optional. */
export function parseUuid<Id extends string = string>(text: string): Id | undefined {
  if (dashed.test(text)) return text.toLowerCase() as Id;
  if (!dashless.test(text)) return undefined;
  const hex = text.toLowerCase();
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}` as Id;
}
