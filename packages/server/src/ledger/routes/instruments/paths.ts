import { organizationPath, param } from '../shared/paths.js';

export const instrumentsPath = `${organizationPath}/holders/:holder_id/instruments`;
export const instrumentPath = `${instrumentsPath}/:instrument_id`;

export const holderScope = (params: Readonly<Record<string, string>>) => ({
  organization_id: param(params, 'organization_id'),
  holder_id: param(params, 'holder_id'),
});
