import { AccessError } from '../access-errors.js';
import type { LoginRequest } from '../login/login.js';

/** The members of both faces of the token endpoint, in the words of the JSON one. */
export interface LoginMembers {
  readonly grantType: string;
  readonly username?: string;
  readonly password?: string;
  readonly clientId?: string;
  readonly clientSecret?: string;
  readonly deviceToken?: string;
}

/** How one face spells the members, for messages. */
export type Spelling = Readonly<Record<keyof LoginMembers, string>>;

/**
 * Exactly one way to log in per request.
 * @throws AccessError AUT-0013 unknown grant, AUT-0014 members missing, AUT-0003 members of another grant
 */
export function readLogin(
  members: LoginMembers,
  spelling: Spelling,
  { multiTenant, machinesRefresh }: { multiTenant: boolean; machinesRefresh: boolean },
): LoginRequest {
  const { grantType, username, password, clientId, clientSecret, deviceToken } = members;
  if (grantType === 'client_credentials') {
    if (clientId === undefined || clientSecret === undefined) throw lacking(grantType, members, spelling);
    const foreign = (['username', 'password', 'deviceToken'] as const).filter((name) => members[name] !== undefined);
    if (foreign.length > 0)
      throw new AccessError('unexpected_fields', {
        message: `${grantType} takes no ${foreign.map((name) => spelling[name]).join(' and no ')}: send one way to log in only.`,
      });
    return { grant: grantType, clientId, clientSecret, withRefreshToken: machinesRefresh };
  }
  if (grantType === 'password') {
    if (username === undefined || password === undefined || (multiTenant && clientId === undefined))
      throw lacking(grantType, members, spelling, multiTenant);
    return { grant: grantType, username, password, clientId, clientSecret, deviceToken };
  }
  throw new AccessError('invalid_grant_type', {
    message: `${spelling.grantType} must be client_credentials or password. Refresh tokens have a route of their own, or grant_type refresh_token on the OAuth endpoint.`,
  });
}

function lacking(
  grant: 'client_credentials' | 'password',
  members: LoginMembers,
  spelling: Spelling,
  multiTenant = true,
) {
  const needed: (keyof LoginMembers)[] =
    grant === 'client_credentials'
      ? ['clientId', 'clientSecret']
      : ['username', 'password', ...(multiTenant ? (['clientId'] as const) : [])];
  const missing = needed.filter((name) => members[name] === undefined).map((name) => spelling[name]);
  return new AccessError('grant_lacks_fields', {
    message: `${grant} needs ${missing.join(' and ')}.`,
    fields: Object.fromEntries(missing.map((name) => [name, 'is required'])),
  });
}
