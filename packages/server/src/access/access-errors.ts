/**
 * The refusals of the Access Manager (access-manager §7). Codes, once published, keep their meaning.
 * The OAuth endpoint proper says `oauth` instead of the code.
 */
export const accessErrorCatalogue = {
  missing_fields: { code: 'AUT-0001', status: 400, title: 'Missing Fields', oauth: 'invalid_request' },
  invalid_path_parameter: { code: 'AUT-0002', status: 400, title: 'Invalid Path Parameter', oauth: 'invalid_request' },
  unexpected_fields: { code: 'AUT-0003', status: 400, title: 'Unexpected Fields', oauth: 'invalid_request' },
  invalid_query_parameter: {
    code: 'AUT-0004',
    status: 400,
    title: 'Invalid Query Parameter',
    oauth: 'invalid_request',
  },
  token_missing: { code: 'AUT-0006', status: 401, title: 'Token Missing', oauth: 'invalid_token' },
  token_invalid: { code: 'AUT-0007', status: 401, title: 'Invalid Token', oauth: 'invalid_token' },
  forbidden: { code: 'AUT-0008', status: 403, title: 'Forbidden', oauth: 'access_denied' },
  bad_request: { code: 'AUT-0009', status: 400, title: 'Bad Request', oauth: 'invalid_request' },
  invalid_grant_type: { code: 'AUT-0013', status: 400, title: 'Invalid Grant Type', oauth: 'unsupported_grant_type' },
  grant_lacks_fields: { code: 'AUT-0014', status: 400, title: 'Grant Type Lacks Fields', oauth: 'invalid_request' },
  rate_limited: { code: 'AUT-0015', status: 429, title: 'Too Many Requests', oauth: 'temporarily_unavailable' },
  tenant_suspended: { code: 'AUT-0016', status: 403, title: 'Tenant Suspended', oauth: 'access_denied' },
  route_not_found: { code: 'AUT-0017', status: 404, title: 'Not Found', oauth: 'invalid_request' },
  method_not_allowed: { code: 'AUT-0018', status: 405, title: 'Method Not Allowed', oauth: 'invalid_request' },
  payload_too_large: { code: 'AUT-0019', status: 413, title: 'Payload Too Large', oauth: 'invalid_request' },
  headers_too_large: { code: 'AUT-0020', status: 431, title: 'Header Fields Too Large', oauth: 'invalid_request' },
  invalid_refresh_token: { code: 'AUT-1005', status: 400, title: 'Invalid Refresh Token', oauth: 'invalid_grant' },
  invalid_code: { code: 'AUT-1009', status: 400, title: 'Invalid Code', oauth: 'invalid_grant' },
  mfa_token_invalid: {
    code: 'AUT-1006',
    status: 401,
    title: 'Invalid MFA Token',
    oauth: 'invalid_grant',
    oauthStatus: 400,
  },
  mfa_code_wrong: { code: 'AUT-1007', status: 401, title: 'Wrong MFA Code', oauth: 'invalid_grant', oauthStatus: 400 },
  mfa_exhausted: { code: 'AUT-1008', status: 429, title: 'MFA Attempts Exhausted', oauth: 'invalid_grant' },
  rotation_under_way: { code: 'AUT-0021', status: 409, title: 'Rotation Under Way', oauth: 'invalid_request' },
  bad_credentials: {
    code: 'AUT-1002',
    status: 401,
    title: 'Bad Credentials',
    oauth: 'invalid_grant',
    oauthStatus: 400,
  },
  /** The same for the OAuth face of client_credentials, where RFC 6749 §5.2 wants another word. */
  bad_client: { code: 'AUT-1002', status: 401, title: 'Bad Credentials', oauth: 'invalid_client' },
  internal: { code: 'AUT-0099', status: 500, title: 'Internal Error', oauth: 'server_error' },
  unavailable: { code: 'AUT-1099', status: 503, title: 'Unavailable', oauth: 'temporarily_unavailable' },
  user_not_found: { code: 'IDE-0100', status: 404, title: 'User Not Found', oauth: 'invalid_request' },
  user_taken: { code: 'IDE-0101', status: 409, title: 'User Name or E-Mail Taken', oauth: 'invalid_request' },
  group_unknown: { code: 'IDE-0102', status: 422, title: 'Unknown Group', oauth: 'invalid_request' },
  application_not_found: { code: 'IDE-0103', status: 404, title: 'Application Not Found', oauth: 'invalid_request' },
  system_object: { code: 'IDE-0104', status: 403, title: 'System Object', oauth: 'access_denied' },
  password_policy: { code: 'IDE-0105', status: 422, title: 'Password Policy', oauth: 'invalid_request' },
  old_password_wrong: { code: 'IDE-0106', status: 422, title: 'Old Password Wrong', oauth: 'invalid_request' },
  not_oneself: { code: 'IDE-0107', status: 409, title: 'Not Oneself', oauth: 'invalid_request' },
  mfa_state: { code: 'IDE-0109', status: 409, title: 'Second Factor', oauth: 'invalid_request' },
  group_not_found: { code: 'IDE-0108', status: 404, title: 'Group Not Found', oauth: 'invalid_request' },
  last_administrator: { code: 'IDE-0110', status: 409, title: 'Last Administrator', oauth: 'invalid_request' },
} as const satisfies Record<
  string,
  { code: string; status: number; title: string; oauth: string; oauthStatus?: number }
>;

export type AccessErrorName = keyof typeof accessErrorCatalogue;

export interface AccessErrorInfo {
  /** For the client: what is wrong and what would be right. Never says which part of a credential was wrong. */
  readonly message: string;
  /** Offending members and what is wrong with each. */
  readonly fields?: Readonly<Record<string, string>>;
  readonly retryAfterSeconds?: number;
  /** For the log only; must hold no secret. */
  readonly log?: unknown;
}

/** An expected refusal of the Access Manager; becomes `{code, title, message}` in `render-access-error.ts`. */
export class AccessError extends Error {
  override readonly name = 'AccessError';
  readonly reasonName: AccessErrorName;
  readonly code: string;
  readonly title: string;
  readonly status: number;
  readonly info: AccessErrorInfo;

  constructor(reasonName: AccessErrorName, info: AccessErrorInfo) {
    super(`${reasonName}: ${info.message}`);
    const { code, title, status } = accessErrorCatalogue[reasonName];
    this.reasonName = reasonName;
    this.code = code;
    this.title = title;
    this.status = status;
    this.info = info;
  }
}
