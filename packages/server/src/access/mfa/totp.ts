import { Secret, TOTP } from 'otpauth';

/** RFC 6238 as every authenticator app has it: SHA-1, six digits, 30 s. */
const parameters = { algorithm: 'SHA1', digits: 6, period: 30 } as const;
/** Steps before and after the present one that are accepted: clocks of telephones differ. */
const window = 1;

/** 160 random bits in base32 (RFC 4226 §4). */
export function newTotpSecret(): string {
  return new Secret({ size: 20 }).base32;
}

/** What a QR code for an authenticator app holds. */
export function totpUrl(secret: string, { issuer, account }: { issuer: string; account: string }): string {
  return new TOTP({ ...parameters, issuer, label: account, secret: Secret.fromBase32(secret) }).toString();
}

/** The time step whose code this is, if it is one of now; a step must be accepted once only (RFC 6238 §5.2). */
export function matchingStep(secret: string, code: string, now: Date): number | undefined {
  if (!/^\d{6}$/.test(code)) return undefined;
  const timestamp = now.getTime();
  const delta = TOTP.validate({ ...parameters, secret: Secret.fromBase32(secret), token: code, timestamp, window });
  return delta === null ? undefined : Math.floor(timestamp / (parameters.period * 1_000)) + delta;
}
