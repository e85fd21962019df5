import type { Dialect } from '../src/dialect.ts';

/** The first key pair of RFC 8032, and 32 bytes counted up. Nobody else may use them. */
export const keyPair = {
  seed: '9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60',
  publicKey: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
};
export const secret = '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f';

export type SignedVector = {
  readonly what: string;
  readonly dialect: Dialect;
  readonly timestamp: number;
  readonly nonce: string;
  readonly method: string;
  /** As it comes in the body, members in this order. */
  readonly params: string | undefined;
  /** What the client signed. */
  readonly text: string;
  /** Base64, made outside this code base. */
  readonly signature: string;
  /** Base64url of the SHA-256 of the text. */
  readonly hash: string;
};

const timestamp = 1_700_000_000_000;
const nonce = '3c2f6d1e-8f0a-4b7c-9d2e-5a6b7c8d9e0f';

export const signedVectors: readonly SignedVector[] = [
  {
    what: 'a key, members sorted',
    dialect: 'ed',
    timestamp,
    nonce,
    method: 'publishOffer',
    params: '{"tags":["chat","de"],"offers":[{"sdp":"v=0\\r\\n"}],"ttl":300000}',
    text: '1700000000000:3c2f6d1e-8f0a-4b7c-9d2e-5a6b7c8d9e0f:publishOffer:{"offers":[{"sdp":"v=0\\r\\n"}],"tags":["chat","de"],"ttl":300000}',
    signature: 'aEe5gZ/dg7VpK2SyNpVB4aopnrrIwEcM2kP1MQXU7f6Z5TDQFMx6RzA+H2rCZifYX7rYTH9QJibtJd1oZw83BA==',
    hash: 'ymq0Hycp6BdpL6EQe5OyM3b2aZAmSZJc8-GSLy7tmus',
  },
  {
    what: 'a key, ttl undefined',
    dialect: 'ed',
    timestamp,
    nonce,
    method: 'publishOffer',
    params: '{"tags":["chat"],"offers":[{"sdp":"v=0\\r\\n"}]}',
    text: '1700000000000:3c2f6d1e-8f0a-4b7c-9d2e-5a6b7c8d9e0f:publishOffer:{"offers":[{"sdp":"v=0\\r\\n"}],"tags":["chat"],"ttl":undefined}',
    signature: 'fw3kUBc80grcK03S1w8g9wYjXKcJXxKJ76/D9L5i4EVspHFD9VKmR9rlWKGvZFmcxp5rMQRraNq8LJTyyQGWAQ==',
    hash: 'BzboqO1--Vu82btIorWapwJpfGaQBK4Zi09K1_88JY0',
  },
  {
    what: 'a key, empty params',
    dialect: 'ed',
    timestamp,
    nonce,
    method: 'poll',
    params: '{}',
    text: '1700000000000:3c2f6d1e-8f0a-4b7c-9d2e-5a6b7c8d9e0f:poll:{}',
    signature: 'FqM1Zn4BLs5wTQAJZG3OfEzebuKCB25HM5X60QfV91ecFC9cDcpcbpqk/ELLjOm3HlKeGDk59avSbBX4WlZYCg==',
    hash: '280d8oFD9YEvLY8I4iCrgtTl2TWkJwNKD0lmQ-WP55w',
  },
  ...[undefined, 'null', 'false', '0', '""'].map(
    (params): SignedVector => ({
      what: `a key, params ${params}, signed as an empty object`,
      dialect: 'ed',
      timestamp,
      nonce,
      method: 'poll',
      params,
      text: '1700000000000:3c2f6d1e-8f0a-4b7c-9d2e-5a6b7c8d9e0f:poll:{}',
      signature: 'FqM1Zn4BLs5wTQAJZG3OfEzebuKCB25HM5X60QfV91ecFC9cDcpcbpqk/ELLjOm3HlKeGDk59avSbBX4WlZYCg==',
      hash: '280d8oFD9YEvLY8I4iCrgtTl2TWkJwNKD0lmQ-WP55w',
    }),
  ),
  {
    what: 'a key, since undefined',
    dialect: 'ed',
    timestamp,
    nonce,
    method: 'poll',
    params: '{}',
    text: '1700000000000:3c2f6d1e-8f0a-4b7c-9d2e-5a6b7c8d9e0f:poll:{"since":undefined}',
    signature: '/gU+ceGmmpsb2vsmSVU+BKUWI6XM2TSVg4KMD84yHapj2M13zT5NRzvetZarrhRSIsh3SmZTuhMad6tIFq+WBw==',
    hash: 'KHFPY1AgyYjr2p2hT-fjGcWyjN00BYHmOUTckijBTAY',
  },
  {
    what: 'a key, matchedTags undefined',
    dialect: 'ed',
    timestamp,
    nonce,
    method: 'answerOffer',
    params: '{"offerId":"o1","sdp":"v=0"}',
    text: '1700000000000:3c2f6d1e-8f0a-4b7c-9d2e-5a6b7c8d9e0f:answerOffer:{"matchedTags":undefined,"offerId":"o1","sdp":"v=0"}',
    signature: 'NWdpjEYD/2QRiLLq/rsQwNr6sr5eAZQbBV8n46IqKZ4lZk7RuElVP+R3uZG2v33foN9k1zvsGjfNyZGSKFdEBQ==',
    hash: 'tQkUbvnofLgmd-BbEahvQy4z0fXaOSzDJWW6u0Q5lBw',
  },
  {
    what: 'a key, a fraction of a millisecond, a nonce in capitals, since undefined',
    dialect: 'ed',
    timestamp: 1_700_000_000_000.5,
    nonce: '3C2F6D1E-8F0A-4B7C-9D2E-5A6B7C8D9E0F',
    method: 'getIceCandidates',
    params: '{"offerId":"o1"}',
    text: '1700000000000.5:3C2F6D1E-8F0A-4B7C-9D2E-5A6B7C8D9E0F:getIceCandidates:{"offerId":"o1","since":undefined}',
    signature: 'gv7fOYexMyacKbUYgg4RGOC26aY56npuO8R9WnVDdhlVz07WoCldHcBdNbuLCIoOilnYO8ZjxXI59HMXaN/GCw==',
    hash: '9zocHH_io86eVOfEmg0Dtn2WyaJd3Oa5SbkuL8W85s8',
  },
  {
    what: 'a key, numbers, a line separator and half a surrogate pair',
    dialect: 'ed',
    timestamp,
    nonce,
    method: 'addIceCandidates',
    params:
      '{"offerId":"o1","candidates":[{"candidate":"\\u00e9\\u2028\\ud800\\u0007","2":1000000000000000000000,"10":-0.50}]}',
    text: '1700000000000:3c2f6d1e-8f0a-4b7c-9d2e-5a6b7c8d9e0f:addIceCandidates:{"candidates":[{"10":-0.5,"2":1e+21,"candidate":"é\u2028\\ud800\\u0007"}],"offerId":"o1"}',
    signature: 'QuhitXOh04vel+f9iD7BwOnOaoFV6Cl/cZo0NpmAoSQUiyPRogAKRlI2HOigL9BQM3x/r80dJZxtALPII8nPDw==',
    hash: 'P3ZgHXM8prl2sp0bFBQneUagtOATv4Gi0e3xS2q3pfY',
  },
  {
    what: 'a credential, members sorted',
    dialect: 'ht',
    timestamp,
    nonce,
    method: 'publishOffer',
    params: '{"tags":["chat"],"offers":[{"sdp":"v=0"}]}',
    text: '1700000000000:3c2f6d1e-8f0a-4b7c-9d2e-5a6b7c8d9e0f:publishOffer:{"offers":[{"sdp":"v=0"}],"tags":["chat"]}',
    signature: 'ywL2aMpuNWJ2PpDyN4PuzhtkpqGoyqsH3IVaKJ/cEWI=',
    hash: 'e9uAjz7bdJkMVFSahzPJV040WkNpxfaJgZIACxq4TpE',
  },
  {
    what: 'a credential, ttl undefined',
    dialect: 'ht',
    timestamp,
    nonce,
    method: 'publishOffer',
    params: '{"tags":["chat"],"offers":[{"sdp":"v=0"}]}',
    text: '1700000000000:3c2f6d1e-8f0a-4b7c-9d2e-5a6b7c8d9e0f:publishOffer:{"offers":[{"sdp":"v=0"}],"tags":["chat"],"ttl":undefined}',
    signature: 'pRwUb8tImILDdx2tHsnt2sA/8j1qXHjOgvh0YGqg65M=',
    hash: 'JDNOuApKLT-FIFQ5x3llGIv1Ssu8D8cExvD4FjMgGaU',
  },
  {
    what: 'a credential, tags, members in the order of the body',
    dialect: 'ht',
    timestamp,
    nonce,
    method: 'publishOffer',
    params: '{"tags":["chat"],"offers":[{"sdp":"v=0"}]}',
    text: '1700000000000:3c2f6d1e-8f0a-4b7c-9d2e-5a6b7c8d9e0f:publishOffer:{"tags":["chat"],"offers":[{"sdp":"v=0"}]}',
    signature: 'gyfbvpudZmoM4OvcL4ZIndmZstt8J52U7iqsSX4YANI=',
    hash: 'WawYGpw4qn8Hk28NcYVEnr96KcnFbEF1BoOjF-UO-os',
  },
  {
    what: 'a credential, no params',
    dialect: 'ht',
    timestamp,
    nonce,
    method: 'poll',
    params: undefined,
    text: '1700000000000:3c2f6d1e-8f0a-4b7c-9d2e-5a6b7c8d9e0f:poll:{}',
    signature: 'thWciTT68/HU7G08WgONrzf/1OBKH6+ZPK0NVI1Syr8=',
    hash: '280d8oFD9YEvLY8I4iCrgtTl2TWkJwNKD0lmQ-WP55w',
  },
  {
    what: 'a credential, a service, members in the order of the body',
    dialect: 'hf',
    timestamp,
    nonce,
    method: 'publishOffer',
    params: '{"serviceFqn":"chat:1.0.0@alice","offers":[{"sdp":"v=0"}],"ttl":60000}',
    text: '1700000000000:3c2f6d1e-8f0a-4b7c-9d2e-5a6b7c8d9e0f:publishOffer:{"serviceFqn":"chat:1.0.0@alice","offers":[{"sdp":"v=0"}],"ttl":60000}',
    signature: 'UU3pt9d0M/cTTMrNN4glFe1d8ziKxw2D3EFmkBAdM90=',
    hash: '99N3m3o_shaL0N59ZGPx2pojJ-FjnUuAnbFAYEywxX0',
  },
  {
    what: 'a credential, an answer to a service, members in the order of the body',
    dialect: 'hf',
    timestamp,
    nonce,
    method: 'answerOffer',
    params: '{"serviceFqn":"chat:1.0.0@alice","offerId":"o1","sdp":"v=0"}',
    text: '1700000000000:3c2f6d1e-8f0a-4b7c-9d2e-5a6b7c8d9e0f:answerOffer:{"serviceFqn":"chat:1.0.0@alice","offerId":"o1","sdp":"v=0"}',
    signature: '53aPjSwabD3fJLSwOVPK4t/mhRpZET4eu3TokL9ZlVI=',
    hash: 'xrgEvGGsPUktvRksA-63XdjiapLJw98Lra_KKaYPV2s',
  },
];
