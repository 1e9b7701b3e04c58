import type { ConnectionSettings } from '../../postgres/connection-settings.js';
import type { InstallationNames } from '../../postgres/installation.js';
import { type AdminConnections, defaultServer } from '../admin-connections.js';
import { checkAdoptable } from '../adopt-single.js';
import type { ControlDatabase } from '../control-database.js';
import type { PlacementWish } from '../servers/choose-server.js';
import { probeGivenDatabase } from '../servers/probe-database.js';
import { TenancyError } from '../tenancy-error.js';
import type { NewTenant } from './new-tenant.js';

/** Where the books of a new tenant come from. */
export type BooksSource =
  | { readonly origin: 'created'; readonly wish: PlacementWish }
  | { readonly origin: 'given'; readonly settings: ConnectionSettings; readonly systemIdentifier: string }
  | { readonly origin: 'adopted' };

/**
 * What is brought is looked at before anything is written down.
 * @throws TenancyError invalid_request, database_unfit, nothing_to_adopt
 */
export async function checkSource(
  tools: {
    readonly control: ControlDatabase;
    readonly admin: AdminConnections;
    readonly names: InstallationNames;
    readonly isLocal: boolean;
  },
  request: Pick<NewTenant, 'database' | 'adopt' | 'placement' | 'isolation'>,
): Promise<BooksSource> {
  const { database, adopt, placement = {}, isolation } = request;
  const brought = database !== undefined || adopt === true;
  if (brought && isolation === 'schema')
    throw new TenancyError(
      'invalid_request',
      'A database that is brought or adopted is a tenant’s own: isolation must be database.',
    );
  if (brought && (request.placement !== undefined || (database !== undefined && adopt === true)))
    throw new TenancyError(
      'invalid_request',
      'Send one of placement, database and adopt: each says where the books are.',
    );
  if (database !== undefined)
    return { origin: 'given', settings: database, systemIdentifier: await probeGivenDatabase(tools, database) };
  if (adopt !== true) return { origin: 'created', wish: placement };
  await checkAdoptable(tools, await tools.admin.server(defaultServer));
  return { origin: 'adopted' };
}
