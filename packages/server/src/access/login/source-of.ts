import { isIPv6 } from 'node:net';

/**
 * By what limits tell callers apart: the IPv4 address, or the /64 of an IPv6 address, since whoever has one address of a /64 has
 * them all and may take a new one for each guess. What is none stays as it is.
 */
export function sourceOf(address: string): string {
  // How an IPv4 client looks to a socket that listens on IPv6.
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  if (!isIPv6(plain)) return plain;
  const [head = '', tail] = plain.replace(/%.*$/, '').split('::');
  const groups = (text: string | undefined) => (text ? text.split(':') : []);
  const [first, last] = [groups(head), groups(tail)];
  // An IPv4 address at the end stands for two groups.
  const count = first.length + last.length + (last.at(-1)?.includes('.') ? 1 : 0);
  const all = tail === undefined ? first : [...first, ...Array<string>(8 - count).fill('0'), ...last];
  return `${all
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
}
