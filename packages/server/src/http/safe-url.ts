import { OperatorError } from '../postgres/operator-error.js';

/** Whether a URL's host name means this machine and no other. */
export function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(?:\.\d{1,3}){3}$/.test(hostname);
}

/** https, or http to this machine: nobody on the way can read or change what goes there. */
export function isSafe({ protocol, hostname }: URL): boolean {
  return protocol === 'https:' || (protocol === 'http:' && isLoopback(hostname));
}

/**
 * Whoever can change the answers of the Access Manager decides who is who.
 * @throws OperatorError for a URL that is not safe, TypeError for one that is none
 */
export function refuseUnsafeUrl(text: string): void {
  const url = new URL(text);
  if (isSafe(url)) return;
  throw new OperatorError(
    `${url.protocol}//${url.hostname}: the Access Manager must be reached over https, except on this machine`,
  );
}
