import type { Permission } from '../../../http/principal.js';

export const organizationPath = '/v1/organizations/:organization_id';
export const ledgerPath = `${organizationPath}/ledgers/:ledger_id`;

type Params = Readonly<Record<string, string>>;

/** A path parameter that the route's own URL names: its absence is a mistake in the route, not in the request. */
export function param(params: Params, name: string): string {
  const value = params[name];
  if (value === undefined) throw new TypeError(`the route's url has no parameter ${name}`);
  return value;
}

/** The scope of rows that belong to the organization of the path. */
export const organizationScope = (params: Params) => ({ organization_id: param(params, 'organization_id') });

/** The scope of rows that belong to the ledger of the path. */
export const ledgerScope = (params: Params) => ({
  organization_id: param(params, 'organization_id'),
  ledger_id: param(params, 'ledger_id'),
});

/** The guard of a business route: `may('assets', 'post')`. */
export const may = (resource: string, action: Action): { readonly permission: Permission } => ({
  permission: { resource, action },
});

type Action = 'get' | 'head' | 'post' | 'put' | 'patch' | 'delete';
