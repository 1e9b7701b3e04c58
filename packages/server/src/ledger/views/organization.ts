import { Type } from 'typebox';
import type { EntityRow } from '../storage/entity-rows.js';
import { AddressView } from './address.js';
import {
  describedMembers,
  describedView,
  IdView,
  NullableIdView,
  NullableTextView,
  StatusView,
  statusMember,
} from './entity.js';
import { exampleIds, exampleLife, exampleStatus } from './examples.js';

export const OrganizationView = Type.Object(
  {
    id: IdView,
    parentOrganizationId: NullableIdView,
    legalName: Type.String(),
    doingBusinessAs: NullableTextView,
    legalDocument: Type.String(),
    address: AddressView,
    status: StatusView,
    ...describedView,
  },
  { title: 'Organization' },
);

export function organizationView(row: EntityRow<'organization'>) {
  return {
    id: row.id,
    parentOrganizationId: row.parent_organization_id,
    legalName: row.legal_name,
    doingBusinessAs: row.doing_business_as,
    legalDocument: row.legal_document,
    address: row.address ?? {},
    status: statusMember(row),
    ...describedMembers(row),
  };
}

export const organizationExample = {
  id: exampleIds.organization,
  parentOrganizationId: null,
  legalName: 'Acme Bank',
  doingBusinessAs: null,
  legalDocument: '12345678000190',
  address: { line1: '1 Main Road', zipCode: '10001', city: 'New York', state: 'NY', country: 'US' },
  status: exampleStatus,
  ...exampleLife,
};
