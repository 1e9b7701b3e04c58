import { Type } from 'typebox';
import type { EntityRow } from '../storage/entity-rows.js';
import { effectiveSettings } from '../storage/ledger-settings.js';
import { describedMembers, describedView, IdView, StatusView, statusMember } from './entity.js';
import { exampleIds, exampleLife, exampleStatus } from './examples.js';
import { LedgerSettingsView } from './ledger-settings.js';

export const LedgerView = Type.Object(
  {
    id: IdView,
    name: Type.String(),
    organizationId: IdView,
    status: StatusView,
    settings: Type.Optional(LedgerSettingsView),
    ...describedView,
  },
  { title: 'Ledger' },
);

/** `settings` appears only once they have been customised, and then whole (ledger-api §4.2). */
export function ledgerView(row: EntityRow<'ledger'>) {
  return {
    id: row.id,
    name: row.name,
    organizationId: row.organization_id,
    status: statusMember(row),
    ...(row.settings === null ? {} : { settings: effectiveSettings(row.settings) }),
    ...describedMembers(row),
  };
}

export const ledgerExample = {
  id: exampleIds.ledger,
  name: 'Main',
  organizationId: exampleIds.organization,
  status: exampleStatus,
  ...exampleLife,
};
