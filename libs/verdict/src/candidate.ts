import type { Opaque } from '@signalbox/domain';

/**
 * What can be told of a candidate as a client sent it. `opaque`: sealed or of a shape that nobody knows; it counts as a
 * candidate, and nothing is said about its kind.
 */
export type Candidate =
  | { readonly kind: 'end' }
  | { readonly kind: 'opaque' }
  | {
      readonly kind: 'address';
      readonly type: 'host' | 'srflx' | 'prflx' | 'relay';
      readonly address: string;
      readonly port: string;
      /** The address behind this one (`raddr rport`); null where it is not told. */
      readonly base: string | null;
      readonly ufrag: string | null;
    };

export type Address = Extract<Candidate, { readonly kind: 'address' }>;

const LINE = /^(?:a=)?candidate:\S+ \d+ \S+ \d+ (\S+) (\d+) typ (host|srflx|prflx|relay)\b(.*)$/i;
const END: Candidate = { kind: 'end' };
const OPAQUE: Candidate = { kind: 'opaque' };
const ENDINGS = ['', 'end-of-candidates', 'a=end-of-candidates'];
/** Clients wrap a candidate in a message, and that in another. */
const DEEPEST = 3;

/** `candidate:… typ host …`, with or without `a=` before it. */
export const readLine = (text: string, ufrag: string | null = null): Candidate => {
  const line = text.trim();
  if (ENDINGS.includes(line)) return END;
  const match = LINE.exec(line);
  if (!match) return OPAQUE;
  const [, address = '', port = '', type = '', rest = ''] = match;
  const base = / raddr (\S+) rport (\d+)/.exec(rest);
  return {
    kind: 'address',
    type: type.toLowerCase() as Address['type'],
    address: address.toLowerCase(),
    port,
    base: base ? `${base[1]}:${base[2]}` : null,
    ufrag: ufrag ?? / ufrag (\S+)/.exec(rest)?.[1] ?? null,
  };
};

/** As clients send it: an RTCIceCandidateInit, the line alone, or null; perhaps wrapped. */
export const readCandidate = (json: Opaque, depth = 0): Candidate => {
  if (json === null) return END;
  if (typeof json === 'string') return readLine(json);
  if (typeof json !== 'object' || !('candidate' in json) || depth > DEEPEST) return OPAQUE;
  const { candidate, usernameFragment } = json as { readonly candidate: Opaque; readonly usernameFragment?: Opaque };
  const ufrag = typeof usernameFragment === 'string' && usernameFragment !== '' ? usernameFragment : null;
  return typeof candidate === 'string' ? readLine(candidate, ufrag) : readCandidate(candidate, depth + 1);
};

export const isMdns = ({ address }: Address): boolean => address.endsWith('.local');

const PRIVATE =
  /^(?:0\.|10\.|127\.|169\.254\.|192\.168\.|172\.(?:1[6-9]|2\d|3[01])\.|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|::1$|f[cd][\da-f]{2}:|fe[89ab][\da-f]:)/;

/** Whether someone on another network may reach it: not the addresses of private networks, nor mDNS names. */
export const reachesOut = (candidate: Address): boolean =>
  candidate.type !== 'host' || (!isMdns(candidate) && !PRIVATE.test(candidate.address));
