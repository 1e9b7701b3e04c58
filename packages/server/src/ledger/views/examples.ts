/** Members shared by the examples of the OpenAPI document. One small bank, the same ids everywhere. */
export const exampleIds = {
  organization: '019c96a0-0a01-7000-8000-000000000001',
  ledger: '019c96a0-0a02-7000-8000-000000000002',
  asset: '019c96a0-0a03-7000-8000-000000000003',
  portfolio: '019c96a0-0a04-7000-8000-000000000004',
  segment: '019c96a0-0a05-7000-8000-000000000005',
  accountType: '019c96a0-0a06-7000-8000-000000000006',
  account: '019c96a0-0a07-7000-8000-000000000007',
  balance: '019c96a0-0a08-7000-8000-000000000008',
  assetRate: '019c96a0-0a09-7000-8000-000000000009',
  assetRateExternal: '019c96a0-0a0a-7000-8000-00000000000a',
  holder: '019c96a0-0a0b-7000-8000-00000000000b',
  instrument: '019c96a0-0a0c-7000-8000-00000000000c',
  relatedParty: '019c96a0-0a0d-7000-8000-00000000000d',
} as const;

export const exampleStatus = { code: 'ACTIVE', description: null };
export const examplePlace = { organizationId: exampleIds.organization, ledgerId: exampleIds.ledger };
export const exampleLife = {
  createdAt: '2026-01-31T12:00:00.000Z',
  updatedAt: '2026-01-31T12:00:00.000Z',
  deletedAt: null,
};
