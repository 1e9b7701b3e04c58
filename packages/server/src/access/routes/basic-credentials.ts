/**
 * Client id and secret of an HTTP Basic header, both form-decoded (RFC 6749 §2.3.1); undefined when it is none.
 * U+0000 makes it none: PostgreSQL cannot take it.
 */
export function readBasicCredentials(authorization: string): { clientId: string; clientSecret: string } | undefined {
  const encoded = /^basic +([A-Za-z0-9+/]+={0,2})$/i.exec(authorization)?.[1];
  if (encoded === undefined) return undefined;
  const text = Buffer.from(encoded, 'base64').toString('utf8');
  const colon = text.indexOf(':');
  if (colon < 1 || text.length > 2_048) return undefined;
  try {
    const [clientId, clientSecret] = [text.slice(0, colon), text.slice(colon + 1)].map((part) =>
      decodeURIComponent(part.replaceAll('+', ' ')),
    );
    if (!clientId || !clientSecret || clientId.includes('\0') || clientSecret.includes('\0')) return undefined;
    return { clientId, clientSecret };
  } catch {
    return undefined; // a lone percent sign
  }
}
