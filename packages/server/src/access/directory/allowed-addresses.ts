import { BlockList, isIP } from 'node:net';

/** An address, or a network such as `10.0.0.0/8`. */
export function isAddressOrNetwork(text: string): boolean {
  return parse(text) !== undefined;
}

/** Whether a login from this address is admitted. An empty list admits every address; an unreadable entry admits none. */
export function admitsAddress(allowed: readonly string[], address: string): boolean {
  if (allowed.length === 0) return true;
  // How an IPv4 client looks to a socket that listens on IPv6.
  const plain = address.replace(/^::ffff:(?=\d+\.)/i, '');
  const family = isIP(plain);
  if (family === 0) return false;
  const list = new BlockList();
  for (const entry of allowed) {
    const network = parse(entry);
    if (network !== undefined) list.addSubnet(network.address, network.bits, network.family);
  }
  return list.check(plain, family === 4 ? 'ipv4' : 'ipv6');
}

function parse(text: string) {
  const [address = '', bitsText, ...more] = text.split('/');
  const family = isIP(address);
  if (family === 0 || more.length > 0 || address.includes('%')) return undefined;
  const bitsMax = family === 4 ? 32 : 128;
  if (bitsText !== undefined && !/^\d{1,3}$/.test(bitsText)) return undefined;
  const bits = bitsText === undefined ? bitsMax : Number(bitsText);
  if (bits > bitsMax) return undefined;
  return { address, bits, family: family === 4 ? 'ipv4' : 'ipv6' } as const;
}
