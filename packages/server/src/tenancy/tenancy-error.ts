/** Refusals of the Tenant Manager: name → status, code and title. The codes are public; a code is never given another meaning. */
export const tenancyErrors = {
  invalid_request: { status: 400, code: 'TEN-0001', title: 'Invalid Request' },
  malformed_json: { status: 400, code: 'TEN-0002', title: 'Malformed JSON' },
  unknown_field: { status: 400, code: 'TEN-0003', title: 'Unknown Field' },
  missing_field: { status: 400, code: 'TEN-0004', title: 'Missing Field' },
  invalid_tenant_id: { status: 400, code: 'TEN-0005', title: 'Invalid Tenant Id' },
  invalid_query: { status: 400, code: 'TEN-0006', title: 'Invalid Query Parameter' },
  payload_too_large: { status: 413, code: 'TEN-0007', title: 'Payload Too Large' },
  headers_too_large: { status: 431, code: 'TEN-0008', title: 'Request Header Fields Too Large' },
  api_key_missing: { status: 401, code: 'TEN-0010', title: 'API Key Missing' },
  api_key_invalid: { status: 401, code: 'TEN-0011', title: 'API Key Invalid' },
  operator_forbidden: { status: 403, code: 'TEN-0012', title: 'Not Allowed For This Key' },
  route_not_found: { status: 404, code: 'TEN-0020', title: 'Route Not Found' },
  method_not_allowed: { status: 405, code: 'TEN-0021', title: 'Method Not Allowed' },
  tenant_not_found: { status: 404, code: 'TEN-0100', title: 'Tenant Not Found' },
  slug_taken: { status: 409, code: 'TEN-0101', title: 'Slug Taken' },
  wrong_status: { status: 409, code: 'TEN-0102', title: 'Wrong Status' },
  password_policy: { status: 422, code: 'TEN-0103', title: 'Password Too Weak' },
  service_not_found: { status: 404, code: 'TEN-0110', title: 'Service Not Found' },
  association_exists: { status: 409, code: 'TEN-0111', title: 'Association Exists' },
  association_not_active: { status: 403, code: 'TEN-0112', title: 'Service Not Available' },
  operation_not_found: { status: 404, code: 'TEN-0120', title: 'Operation Not Found' },
  operation_running: { status: 409, code: 'TEN-0121', title: 'Operation Running' },
  server_not_found: { status: 404, code: 'TEN-0130', title: 'Server Not Found' },
  server_exists: { status: 409, code: 'TEN-0131', title: 'Server Exists' },
  server_unfit: { status: 422, code: 'TEN-0132', title: 'Server Unfit' },
  server_in_use: { status: 409, code: 'TEN-0133', title: 'Server In Use' },
  no_server: { status: 409, code: 'TEN-0134', title: 'No Server Has Room' },
  database_unfit: { status: 422, code: 'TEN-0135', title: 'Database Unfit' },
  nothing_to_adopt: { status: 409, code: 'TEN-0136', title: 'Nothing To Adopt' },
  move_unfit: { status: 422, code: 'TEN-0137', title: 'Move Not Possible' },
  operator_exists: { status: 409, code: 'TEN-0140', title: 'Operator Exists' },
  operator_not_found: { status: 404, code: 'TEN-0141', title: 'Operator Not Found' },
  internal: { status: 500, code: 'TEN-0099', title: 'Internal Error' },
  control_database_unavailable: { status: 503, code: 'TEN-0098', title: 'Control Database Unavailable' },
} as const;

export type TenancyErrorName = keyof typeof tenancyErrors;

/** An expected refusal of the Tenant Manager. `message` is for the operator: what is wrong and what would be right. */
export class TenancyError extends Error {
  override readonly name = 'TenancyError';
  readonly reasonName: TenancyErrorName;
  /** Further members of the body, e.g. the `status` of a suspended tenant. */
  readonly extra: Readonly<Record<string, unknown>>;

  constructor(reasonName: TenancyErrorName, message: string, extra: Readonly<Record<string, unknown>> = {}) {
    super(message);
    this.reasonName = reasonName;
    this.extra = extra;
  }
}
