import { lookup } from 'node:dns/promises';
import { BlockList, isIP } from 'node:net';

/** Loopback, private, link-local, shared, multicast and reserved ranges (RFC 6890 and its IPv6 counterparts). */
const ranges = new BlockList();
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
] as const) {
  ranges.addSubnet(network, prefix, 'ipv4');
}
for (const [network, prefix] of [
  ['::', 128],
  ['::1', 128],
  ['fc00::', 7],
  ['fe80::', 10],
  ['fec0::', 10],
  ['ff00::', 8],
] as const) {
  ranges.addSubnet(network, prefix, 'ipv6');
}

/** Whether a URL's host is, or resolves to, an address of this machine or of its private network. */
export async function isPrivateHost(hostname: string): Promise<boolean> {
  const host = hostname.replace(/^\[|\]$/g, '');
  if (isIP(host)) return isPrivateAddress(host);
  if (/(^|\.)localhost$/i.test(host)) return true;
  // A name that does not resolve is nobody's; to say so is up to the request.
  const addresses = await lookup(host, { all: true }).catch(() => []);
  return addresses.some(({ address }) => isPrivateAddress(address));
}

function isPrivateAddress(address: string): boolean {
  // An IPv4 address in IPv6's clothes, such as ::ffff:127.0.0.1 or NAT64's, which URLs write in hexadecimal.
  const mapped = /^(?:::ffff:|64:ff9b::|::)(?:(\d+\.\d+\.\d+\.\d+)|([\da-f]{1,4}):([\da-f]{1,4}))$/i.exec(
    address,
  );
  if (mapped?.[1]) return ranges.check(mapped[1], 'ipv4');
  if (mapped) {
    const words = [mapped[2]!, mapped[3]!].map((word) => Number.parseInt(word, 16));
    return ranges.check(words.flatMap((word) => [word >> 8, word & 255]).join('.'), 'ipv4');
  }
  return ranges.check(address, isIP(address) === 4 ? 'ipv4' : 'ipv6');
}
