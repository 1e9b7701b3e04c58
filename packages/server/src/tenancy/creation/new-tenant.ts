import type { ConnectionSettings } from '../../postgres/connection-settings.js';
import type { Isolation } from '../physical-names.js';
import type { ApplicationRole } from '../ports.js';
import type { PlacementWish } from '../servers/choose-server.js';

/** As an operator asks for it. */
export interface NewTenant {
  readonly name: string;
  readonly slug?: string;
  readonly isolation?: Isolation;
  readonly metadata?: Readonly<Record<string, unknown>>;
  readonly owner: { readonly email: string; readonly password: string };
  readonly application?: { readonly name: string; readonly role: ApplicationRole };
  /** Where; by default the least full server. */
  readonly placement?: PlacementWish;
  /** An empty database that the operator brings (tenancy §3.1); its isolation is `database`. */
  readonly database?: ConnectionSettings;
  /** The books of single-tenant mode become this tenant's, where they are. */
  readonly adopt?: boolean;
}
