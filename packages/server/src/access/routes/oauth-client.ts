import { AccessError } from '../access-errors.js';
import { readBasicCredentials } from './basic-credentials.js';

/**
 * The client of a form, or of HTTP Basic: one way to authenticate per request (RFC 6749 §2.3).
 * @throws AccessError AUT-0009
 */
export function clientOf(
  { client_id: clientId, client_secret: clientSecret }: { client_id?: string; client_secret?: string },
  authorization: string | string[] | undefined,
): { clientId?: string; clientSecret?: string } {
  if (authorization === undefined)
    return { ...(clientId !== undefined && { clientId }), ...(clientSecret !== undefined && { clientSecret }) };
  const basic = readBasicCredentials(String(authorization));
  if (basic === undefined)
    throw new AccessError('bad_request', { message: 'The Authorization header must be HTTP Basic here, or absent.' });
  if (clientSecret !== undefined || (clientId !== undefined && clientId !== basic.clientId))
    throw new AccessError('bad_request', { message: 'Send the client in the form or in the header, not in both.' });
  return basic;
}
