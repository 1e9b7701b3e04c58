import { type RoleName, roleContents } from './roles.js';

export interface Question {
  /** Absent: any product (a machine's question names none, access-manager §2.6). */
  readonly product?: string | undefined;
  readonly resource: string;
  /** Lower-case HTTP verb. */
  readonly action: string;
}

/** Other names that clients of the ledger use for its namespace (contract, "Permissions"). */
const productAliases: Readonly<Record<string, string>> = { routing: 'midaz', 'plugin-identity': 'identity' };

/** May somebody with these roles do it? Allow-only, exact names; whatever is not known is refused. Pure. */
export function decide(roles: readonly RoleName[], { product, resource, action }: Question): boolean {
  const asked = product !== undefined && Object.hasOwn(productAliases, product) ? productAliases[product] : product;
  return roles.some((role) => {
    const content = roleContents[role];
    return (
      (asked === undefined || asked === content.product) &&
      content.resources.includes(resource) &&
      content.actions.includes(action)
    );
  });
}

/** The listing of `GET /v1/permissions`: resource → actions, in the order of the role tables. Pure. */
export function listPermissions(roles: readonly RoleName[]): Record<string, string[]> {
  const found = new Map<string, Set<string>>();
  for (const role of roles) {
    for (const resource of roleContents[role].resources) {
      const actions = found.get(resource) ?? new Set<string>();
      for (const action of roleContents[role].actions) actions.add(action);
      found.set(resource, actions);
    }
  }
  return Object.fromEntries([...found].map(([resource, actions]) => [resource, [...actions]]));
}
