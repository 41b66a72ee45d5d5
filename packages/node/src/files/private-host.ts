import dns from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

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

/** A name resolved to an address of this machine or its private network. */
export class PrivateAddressError extends Error {
  override readonly name = 'PrivateAddressError';
}

/** Whether a URL's host says by itself, without a lookup, that it is of this machine or its private network. */
export function isPrivateHost(hostname: string): boolean {
  const host = hostname.replace(/^\[|\]$/g, '');
  return isIP(host) ? isPrivateAddress(host) : /(^|\.)localhost\.?$/i.test(host);
}

/** Resolves names for a download: as usual, watched, and where it is said so not to a private network. */
export interface WatchedLookup {
  readonly lookup: LookupFunction;
  /** Whether an address of this machine or its private network was found. */
  readonly sawPrivate: () => boolean;
}

/**
 * How a connection resolves its host. Where `allowPrivate` is false, a name with an address of this machine or its
 * private network fails with a {@link PrivateAddressError}. What is checked is what is connected to: a name that is
 * looked up first and connected to afterwards may resolve to something else the second time. Addresses need no lookup
 * and do not come here: {@link isPrivateHost}.
 */
export function watchedLookup(allowPrivate: boolean): WatchedLookup {
  let seen = false;
  return {
    sawPrivate: () => seen,
    lookup: (hostname, options, callback) => {
      dns.lookup(hostname, options, (error, address, family) => {
        const found = typeof address === 'string' ? [address] : (address ?? []).map((one) => one.address);
        const isPrivate = !error && found.some(isPrivateAddress);
        seen ||= isPrivate;
        const refusal = isPrivate && !allowPrivate ? new PrivateAddressError(hostname) : null;
        callback(refusal ?? error, address, family);
      });
    },
  };
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
