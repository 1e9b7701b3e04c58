/**
 * The predefined permission content (access-manager §4 and contract): groups → roles → resources × actions. Pure data;
 * groups are instantiated for each tenant, roles and what they reach are the same everywhere.
 */

/** Everything the ledger asks about. One namespace, `midaz`; `routing` is an accepted alias. */
export const ledgerResources = [
  'organizations',
  'ledgers',
  'accounts',
  'assets',
  'asset-rates',
  'portfolios',
  'segments',
  'balances',
  'transactions',
  'operations',
  'settings',
  'account-types',
  'operation-routes',
  'transaction-routes',
  'holders',
  'instruments',
] as const;

const identityResources = [
  'applications',
  'groups',
  'users',
  'update-password',
  'reset-password',
  'audit-events',
] as const;

const reading = ['get', 'head'];
const writing = [...reading, 'post', 'put', 'patch'];
const everything = [...writing, 'delete'];

/** The role of a machine client, evaluated inside its own tenant. */
export const applicationRoles = ['viewer', 'contributor', 'editor'] as const;
export type ApplicationRole = (typeof applicationRoles)[number];

export type RoleName = `midaz-${ApplicationRole}-role` | 'identity-editor-role' | 'person-role';

interface RoleContent {
  readonly product: 'midaz' | 'identity';
  readonly resources: readonly string[];
  readonly actions: readonly string[];
}

export const roleContents: Readonly<Record<RoleName, RoleContent>> = {
  'midaz-viewer-role': { product: 'midaz', resources: ledgerResources, actions: reading },
  'midaz-contributor-role': { product: 'midaz', resources: ledgerResources, actions: writing },
  'midaz-editor-role': { product: 'midaz', resources: ledgerResources, actions: everything },
  'identity-editor-role': { product: 'identity', resources: identityResources, actions: everything },
  // What every person has, whatever the groups.
  'person-role': { product: 'identity', resources: ['update-password'], actions: ['patch'] },
};

export const adminGroup = 'admin-group';

/** Made with each tenant, read-only afterwards. */
export const predefinedGroups: Readonly<Record<string, readonly RoleName[]>> = {
  [adminGroup]: ['midaz-editor-role', 'identity-editor-role'],
  'midaz-editor-group': ['midaz-editor-role'],
  'midaz-contributor-group': ['midaz-contributor-role'],
  'midaz-viewer-group': ['midaz-viewer-role'],
};

export function roleOfApplication(role: ApplicationRole): RoleName {
  return `midaz-${role}-role`;
}

export function isRoleName(text: string): text is RoleName {
  return Object.hasOwn(roleContents, text);
}
