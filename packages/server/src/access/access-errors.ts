/**
 * The refusals of the Access Manager (access-manager §7). Codes, once published, keep their meaning.
 * The OAuth endpoints proper say `oauth` instead of the code. The comments are the last column of docs/access-errors.md.
 */
export const accessErrorCatalogue = {
  /** A member that must be there is not */
  missing_fields: { code: 'AUT-0001', status: 400, title: 'Missing Fields', oauth: 'invalid_request' },
  /** An id in the path is no id */
  invalid_path_parameter: { code: 'AUT-0002', status: 400, title: 'Invalid Path Parameter', oauth: 'invalid_request' },
  /** A member that this operation does not know, or that belongs to another grant; `tenantId` too */
  unexpected_fields: { code: 'AUT-0003', status: 400, title: 'Unexpected Fields', oauth: 'invalid_request' },
  /** A parameter of the query cannot be read, or is out of its bounds */
  invalid_query_parameter: {
    code: 'AUT-0004',
    status: 400,
    title: 'Invalid Query Parameter',
    oauth: 'invalid_request',
  },
  /** The operation needs a bearer token and there is none */
  token_missing: { code: 'AUT-0006', status: 401, title: 'Token Missing', oauth: 'invalid_token' },
  /** The token is forged, expired, revoked, of another kind or issuer, or its user or application is gone or disabled; the service key is wrong */
  token_invalid: { code: 'AUT-0007', status: 401, title: 'Invalid Token', oauth: 'invalid_token' },
  /** The caller is known and may not do this */
  forbidden: { code: 'AUT-0008', status: 403, title: 'Forbidden', oauth: 'access_denied' },
  /** The body cannot be read, or a member is not what it must be; `fields` says which */
  bad_request: { code: 'AUT-0009', status: 400, title: 'Bad Request', oauth: 'invalid_request' },
  /** `grantType` is none of those that exist */
  invalid_grant_type: { code: 'AUT-0013', status: 400, title: 'Invalid Grant Type', oauth: 'unsupported_grant_type' },
  /** The grant needs a member that is not there */
  grant_lacks_fields: { code: 'AUT-0014', status: 400, title: 'Grant Type Lacks Fields', oauth: 'invalid_request' },
  /** Too many failures from this address or for this user; `Retry-After` says when to come again */
  rate_limited: { code: 'AUT-0015', status: 429, title: 'Too Many Requests', oauth: 'temporarily_unavailable' },
  /** The credentials are right, and the tenant is suspended or deleted */
  tenant_suspended: { code: 'AUT-0016', status: 403, title: 'Tenant Suspended', oauth: 'access_denied' },
  /** No operation has this path */
  route_not_found: { code: 'AUT-0017', status: 404, title: 'Not Found', oauth: 'invalid_request' },
  /** The path exists, with other methods */
  method_not_allowed: { code: 'AUT-0018', status: 405, title: 'Method Not Allowed', oauth: 'invalid_request' },
  /** The body is larger than this operation takes */
  payload_too_large: { code: 'AUT-0019', status: 413, title: 'Payload Too Large', oauth: 'invalid_request' },
  /** The header fields together are too large */
  headers_too_large: { code: 'AUT-0020', status: 431, title: 'Header Fields Too Large', oauth: 'invalid_request' },
  /** The refresh token is unknown, used, expired, revoked, or of another client */
  invalid_refresh_token: { code: 'AUT-1005', status: 400, title: 'Invalid Refresh Token', oauth: 'invalid_grant' },
  /** The authorization code is unknown, used or expired, or redirect URI, verifier or client differ */
  invalid_code: { code: 'AUT-1009', status: 400, title: 'Invalid Code', oauth: 'invalid_grant' },
  /** The code for a new password is unknown, used or expired */
  reset_token_invalid: { code: 'AUT-1010', status: 400, title: 'Invalid Reset Code', oauth: 'invalid_request' },
  /** The MFA token is unknown, used or older than 300 s */
  mfa_token_invalid: {
    code: 'AUT-1006',
    status: 401,
    title: 'Invalid MFA Token',
    oauth: 'invalid_grant',
    oauthStatus: 400,
  },
  /** The code of the second factor is wrong, old or was used before */
  mfa_code_wrong: { code: 'AUT-1007', status: 401, title: 'Wrong MFA Code', oauth: 'invalid_grant', oauthStatus: 400 },
  /** Too many wrong codes, or too many codes sent */
  mfa_exhausted: { code: 'AUT-1008', status: 429, title: 'MFA Attempts Exhausted', oauth: 'invalid_grant' },
  /** A signing key is waiting to take over already */
  rotation_under_way: { code: 'AUT-0021', status: 409, title: 'Rotation Under Way', oauth: 'invalid_request' },
  /** Client, user name or secret is not right, or the account is disabled: which of them is not told */
  bad_credentials: {
    code: 'AUT-1002',
    status: 401,
    title: 'Bad Credentials',
    oauth: 'invalid_grant',
    oauthStatus: 400,
  },
  /** The same, for a client that speaks for itself; the OAuth face says `invalid_client` */
  bad_client: { code: 'AUT-1002', status: 401, title: 'Bad Credentials', oauth: 'invalid_client' },
  /** Our fault; the log has more under the `X-Request-Id` of the answer */
  internal: { code: 'AUT-0099', status: 500, title: 'Internal Error', oauth: 'server_error' },
  /** The directory, a key, the status of the tenant or the mail cannot be had, or too many logins wait; `Retry-After` says when to come again */
  unavailable: { code: 'AUT-1099', status: 503, title: 'Unavailable', oauth: 'temporarily_unavailable' },
  /** The tenant has no user with this id */
  user_not_found: { code: 'IDE-0100', status: 404, title: 'User Not Found', oauth: 'invalid_request' },
  /** User name or e-mail belong to another user of this tenant */
  user_taken: { code: 'IDE-0101', status: 409, title: 'User Name or E-Mail Taken', oauth: 'invalid_request' },
  /** A group in the body is none of this tenant */
  group_unknown: { code: 'IDE-0102', status: 422, title: 'Unknown Group', oauth: 'invalid_request' },
  /** The tenant has no application with this id */
  application_not_found: { code: 'IDE-0103', status: 404, title: 'Application Not Found', oauth: 'invalid_request' },
  /** The application belongs to the installation and cannot be changed or removed */
  system_object: { code: 'IDE-0104', status: 403, title: 'System Object', oauth: 'access_denied' },
  /** The new password lacks what the message names */
  password_policy: { code: 'IDE-0105', status: 422, title: 'Password Policy', oauth: 'invalid_request' },
  /** The old password is not right, or was changed meanwhile */
  old_password_wrong: { code: 'IDE-0106', status: 422, title: 'Old Password Wrong', oauth: 'invalid_request' },
  /** Nobody deletes or disables themselves */
  not_oneself: { code: 'IDE-0107', status: 409, title: 'Not Oneself', oauth: 'invalid_request' },
  /** The second factor is not in the state for this step */
  mfa_state: { code: 'IDE-0109', status: 409, title: 'Second Factor', oauth: 'invalid_request' },
  /** The tenant has no group with this id */
  group_not_found: { code: 'IDE-0108', status: 404, title: 'Group Not Found', oauth: 'invalid_request' },
  /** Nobody in `admin-group` who can log in would be left */
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
