import { BlockList, isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';

const RANGES: Readonly<Record<string, readonly (readonly [string, number])[]>> = {
  loopback: [
    ['127.0.0.0', 8],
    ['::1', 128],
  ],
  linklocal: [
    ['169.254.0.0', 16],
    ['fe80::', 10],
  ],
  uniquelocal: [
    ['10.0.0.0', 8],
    ['172.16.0.0', 12],
    ['192.168.0.0', 16],
    ['fc00::', 7],
  ],
};

const familyOf = (address: string): 'ipv4' | 'ipv6' => (isIP(address) === 6 ? 'ipv6' : 'ipv4');

/** Whether an address is one of the configured proxies (addresses, CIDR blocks, or names of ranges). */
export const trustedProxies = (list: readonly string[]): ((address: string) => boolean) => {
  const trusted = new BlockList();
  for (const item of list) {
    const [address = '', bits] = item.split('/');
    const range = RANGES[item];
    if (range) for (const [network, prefix] of range) trusted.addSubnet(network, prefix, familyOf(network));
    else if (bits === undefined) trusted.addAddress(address, familyOf(address));
    else trusted.addSubnet(address, Number(bits), familyOf(address));
  }
  return (address) => {
    const plain = unmapped(address);
    return isIP(plain) !== 0 && trusted.check(plain, familyOf(plain));
  };
};

/** IPv4 as IPv4, also where a socket for both versions shows it as IPv6. */
const unmapped = (address: string): string =>
  address.startsWith('::ffff:') && isIP(address.slice(7)) === 4 ? address.slice(7) : address;

/**
 * The one function that says where a request comes from (L2). Without configured proxies, the socket's address,
 * whatever the headers claim. With them, the nearest address in `X-Forwarded-For` that is not a proxy of ours; null
 * when a trusted proxy passed on nothing usable, since its own address would stand for all of its clients.
 */
export const clientAddressFinder = (list: readonly string[]): ((request: FastifyRequest) => string | null) => {
  if (list.length === 0) return ({ raw }) => unmapped(raw.socket.remoteAddress ?? '') || null;
  const isTrusted = trustedProxies(list);
  return ({ raw }) => {
    const direct = unmapped(raw.socket.remoteAddress ?? '');
    if (!isTrusted(direct)) return direct || null;
    const forwarded = String(raw.headers['x-forwarded-for'] ?? '').split(',');
    for (const hop of forwarded.reverse()) {
      const address = unmapped(hop.trim());
      if (isIP(address) === 0) return null;
      if (!isTrusted(address)) return address;
    }
    return null;
  };
};

/** What shares a limit: an IPv4 address, or the /64 network that one IPv6 customer gets. */
export const addressKey = (address: string | null): string => {
  if (address === null) return 'unknown';
  return isIP(address) === 6 ? network64(address) : address;
};

const network64 = (address: string): string => {
  const [head = '', tail] = address.split('%', 1)[0]!.split('::');
  const left = head === '' ? [] : head.split(':');
  const right = tail === undefined || tail === '' ? [] : tail.split(':');
  const groups =
    tail === undefined ? left : [...left, ...Array(Math.max(8 - left.length - right.length, 0)).fill('0'), ...right];
  return `${groups
    .slice(0, 4)
    .map((group) => Number.parseInt(group, 16).toString(16))
    .join(':')}::/64`;
};
