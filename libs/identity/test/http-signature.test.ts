import { createHash, createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type SignedRequest, signHttpRequest } from '../src/index.ts';
import {
  body,
  bytesFrom,
  ed25519Key,
  key,
  name,
  secret,
  server,
  signedRequest,
  t0,
  uri,
  withHeaders,
} from './examples.ts';

/** A GET that is signed as a client in another language would do it: component by component, with the secret. */
const signedByHand = (
  covered: readonly (readonly [identifier: string, value: string])[],
  parameters: string,
  headers: SignedRequest['headers'] = {},
): SignedRequest => {
  const params = `(${covered.map(([identifier]) => identifier).join(' ')});${parameters}`;
  const lines = [...covered, ['"@signature-params"', params]].map(([identifier, value]) => `${identifier}: ${value}`);
  const signature = createHmac('sha256', secret).update(lines.join('\n')).digest('base64');
  const targetUri = covered.find(([identifier]) => identifier === '"@target-uri"')?.[1] ?? uri;
  const signing = { 'signature-input': `me=${params}`, signature: `me=:${signature}:` };
  return { method: 'GET', targetUri, headers: { ...headers, ...signing }, body: null };
};

const inputOf = (request: SignedRequest) => request.headers['signature-input'] as string;

/** Written out once by other programs (openssl, and another language's HMAC), so that the two halves can't be wrong together. */
const vectors = [
  {
    what: 'a POST by an Ed25519 key',
    request: { method: 'POST', url: uri, body, keyid: key.publicKeyHex, key: key.privateKey },
    publicKey: '03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8',
    algorithm: 'ed25519',
    headers: {
      'content-digest': 'sha-256=:7fLwoHATOlzbK+ZhVLDc4ESC4NyLoHP9tYva16qG/vQ=:',
      'signature-input':
        'sig=("@method" "@target-uri" "content-digest");created=1700000000;nonce="b3k50bc9";keyid="03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";alg="ed25519"',
      signature: 'sig=:rGbpvYk1T6B4BnpSco19cTyDjBS6LLEBd+SrB5FzMZhF3AC988pqbLhBIOovwPqKyszvmshwloQpn0ezdJd9Bg==:',
    },
    base: [
      '"@method": POST',
      '"@target-uri": https://signalbox.example/v1/sessions',
      '"content-digest": sha-256=:7fLwoHATOlzbK+ZhVLDc4ESC4NyLoHP9tYva16qG/vQ=:',
      '"@signature-params": ("@method" "@target-uri" "content-digest");created=1700000000;nonce="b3k50bc9";keyid="03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";alg="ed25519"',
    ].join('\n'),
    signedTextHash: 'aY0reUzOuNO6uIYPdTOjdSLgjXwWNtdYv-dKbUcFBXY',
  },
  {
    what: 'a GET by a credential',
    request: { method: 'GET', url: `${uri}?tag=chat&limit=20`, body: null, keyid: name, key: secret },
    publicKey: name,
    algorithm: 'hmac-sha256',
    headers: {
      'signature-input':
        'sig=("@method" "@target-uri");created=1700000000;nonce="b3k50bc9";keyid="silver-signal-0123456789abcdef";alg="hmac-sha256"',
      signature: 'sig=:dqmP0oTxqLZ9tBfHhJbN7jdbMrAL6PwlRJQETWreSl8=:',
    },
    base: [
      '"@method": GET',
      '"@target-uri": https://signalbox.example/v1/sessions?tag=chat&limit=20',
      '"@signature-params": ("@method" "@target-uri");created=1700000000;nonce="b3k50bc9";keyid="silver-signal-0123456789abcdef";alg="hmac-sha256"',
    ].join('\n'),
    signedTextHash: 'faSrcXYQ3mpCgKUvw0oFRJUgOdy9QsBfg1rCAAl0JKc',
  },
] as const;

describe('the profile, as written out', () => {
  for (const { what, request, publicKey, algorithm, headers, base, signedTextHash } of vectors) {
    it(`signs ${what}`, () => {
      expect(signHttpRequest({ ...request, created: 1_700_000_000, nonce: 'b3k50bc9' })).toEqual(headers);
    });

    it(`verifies ${what} and keeps what is needed to show it later`, async () => {
      const { method, url, body: sent } = request;
      expect(await server()({ method, targetUri: url, headers, body: sent })).toEqual({
        kind: 'verified',
        identity: publicKey,
        authorisation: {
          scheme: 'http-signature',
          key: publicKey,
          algorithm,
          nonce: 'b3k50bc9',
          timestamp: 1_700_000_000_000,
          signature: headers.signature.slice('sig=:'.length, -1),
          signedTextHash,
        },
      });
      expect(createHash('sha256').update(base).digest('base64url')).toBe(signedTextHash);
    });
  }
});

describe('what the signature covers', () => {
  const tampered: Readonly<Record<string, (request: SignedRequest) => SignedRequest>> = {
    'the method': (request) => ({ ...request, method: 'PUT' }),
    'the method’s case': (request) => ({ ...request, method: 'post' }),
    'the target': (request) => ({ ...request, targetUri: `${uri}/` }),
    'the host': (request) => ({ ...request, targetUri: uri.replace('signalbox', 'other') }),
    'the time': (request) =>
      withHeaders(request, { 'signature-input': inputOf(request).replace('1700000000', '1700000001') }),
    'the nonce': (request) =>
      withHeaders(request, { 'signature-input': inputOf(request).replace('b3k50bc9', 'b3k50bc8') }),
    'the key': (request) =>
      withHeaders(request, {
        'signature-input': inputOf(request).replace(key.publicKeyHex, ed25519Key(secret).publicKeyHex),
      }),
    'the order': (request) =>
      withHeaders(request, {
        'signature-input': inputOf(request).replace('"@method" "@target-uri"', '"@target-uri" "@method"'),
      }),
    'a parameter more': (request) => withHeaders(request, { 'signature-input': `${inputOf(request)};tag="x"` }),
    'the body and its digest': (request) => {
      const other = Buffer.from('{}');
      const { 'content-digest': digest } = signHttpRequest({
        method: 'POST',
        url: uri,
        body: other,
        keyid: name,
        key: secret,
        created: 0,
        nonce: 'n',
      });
      return { ...withHeaders(request, { 'content-digest': digest }), body: other };
    },
  };
  for (const [part, tamper] of Object.entries(tampered)) {
    it(`cannot be changed: ${part}`, async () => {
      expect(await server()(tamper(signedRequest()))).toMatchObject({
        kind: 'refused',
        reason: 'bad_signature',
        retryAfterMs: null,
      });
    });
  }

  it('holds the body to its digest, byte for byte', async () => {
    const request = signedRequest();
    for (const other of [Buffer.from(`${body} `), body.subarray(1), Buffer.from('{}')]) {
      expect(await server()({ ...request, body: other })).toMatchObject({ reason: 'bad_digest' });
    }
    expect(await server()(withHeaders(request, { 'content-digest': undefined }))).toMatchObject({
      reason: 'bad_digest',
    });
    expect(await server()(withHeaders(request, { 'content-digest': 'sha-256=:AAAA:' }))).toMatchObject({
      reason: 'bad_digest',
    });
  });

  it('may be more than must be, also header fields of several lines', async () => {
    const request = signedByHand(
      [
        ['"@method"', 'GET'],
        ['"@authority"', 'signalbox.example'],
        ['"@target-uri"', `${uri}?tag=a%20b`],
        ['"x-tags"', 'a, b'],
        ['"@query-param";name="tag"', 'a%20b'],
      ],
      `keyid="${name}";nonce="n1";created=1700000000`,
      { 'x-tags': ['a', ' b '] },
    );
    expect(await server()(request)).toMatchObject({ kind: 'verified', identity: name });
    expect(await server()(withHeaders(request, { 'x-tags': 'a, c' }))).toMatchObject({ reason: 'bad_signature' });
    expect(await server()(withHeaders(request, { 'x-tags': undefined }))).toEqual({
      kind: 'refused',
      reason: 'malformed',
      detail: 'The signature covers "x-tags", which is not in the request.',
      retryAfterMs: null,
    });
  });
});

describe('when it was signed', () => {
  const at = (created: number, now: number, refuseSignedBefore = 0) =>
    server(() => now, refuseSignedBefore)(signedRequest({ created }));
  const second = t0 / 1000;

  it('is accepted to the window’s very ends and refused beyond', async () => {
    expect(await at(second, t0 + 60_000)).toMatchObject({ kind: 'verified' });
    expect(await at(second, t0 + 60_001)).toMatchObject({ reason: 'too_old', retryAfterMs: null });
    expect(await at(second, t0 - 60_000)).toMatchObject({ kind: 'verified' });
    expect(await at(second, t0 - 60_001)).toMatchObject({ reason: 'too_far_ahead', retryAfterMs: null });
  });

  it('is refused when the server started since, and says when a new signature works', async () => {
    expect(await at(second, t0 + 700, t0 + 1)).toEqual({
      kind: 'refused',
      reason: 'signed_before_start',
      detail: 'The server has started since the second in which this was signed. Sign again in a moment.',
      retryAfterMs: 1_000,
    });
    expect(await at(second + 1, t0 + 1_000, t0 + 1)).toMatchObject({ kind: 'verified' });
    expect(await at(second - 30, t0 + 1_000, t0 + 1)).toMatchObject({
      reason: 'signed_before_start',
      retryAfterMs: 31_000,
    });
  });

  it('is refused from the moment on at which the signature says it expires', async () => {
    const expires = second + 10;
    const request = signedByHand(
      [
        ['"@method"', 'GET'],
        ['"@target-uri"', uri],
      ],
      `created=${second};expires=${expires};nonce="n1";keyid="${name}"`,
    );
    expect(await server(() => t0 + 9_999)(request)).toMatchObject({ kind: 'verified' });
    expect(await server(() => t0 + 10_000)(request)).toMatchObject({
      reason: 'too_old',
      detail: expect.stringMatching(/expire/),
    });
  });
});

describe('a signature', () => {
  it('works once', async () => {
    const verify = server();
    expect(await verify(signedRequest())).toMatchObject({ kind: 'verified' });
    expect(await verify(signedRequest())).toEqual({
      kind: 'refused',
      reason: 'replayed',
      detail: 'This key has used this nonce before. Sign each request anew, with a nonce of its own.',
      retryAfterMs: null,
    });
    expect(await verify(signedRequest({ nonce: 'another' }))).toMatchObject({ kind: 'verified' });
  });

  it('does not use up its nonce when it is wrong', async () => {
    const verify = server();
    expect(await verify({ ...signedRequest(), method: 'PUT' })).toMatchObject({ reason: 'bad_signature' });
    expect(await verify(signedRequest())).toMatchObject({ kind: 'verified' });
  });

  it('may be made with any secret that the credential has now', async () => {
    const by = (with_: Uint8Array) => signedRequest({ keyid: name, key: with_ });
    expect(await server()(by(secret))).toMatchObject({ kind: 'verified', identity: name });
    expect(await server()(by(bytesFrom(99)))).toMatchObject({ kind: 'verified', identity: name });
    expect(await server()(by(bytesFrom(7)))).toMatchObject({ reason: 'bad_signature' });
  });

  it('of a credential that is not there, or has ended, is one of an unknown key', async () => {
    expect(await server()(signedRequest({ keyid: 'nobody-here', key: secret }))).toMatchObject({
      reason: 'unknown_key',
    });
  });

  it('rests on the bytes of an HMAC or Ed25519 signature and on no other length', async () => {
    for (const keyid of [name, key.publicKeyHex]) {
      for (const length of [0, 1, 31, 33, 63, 65]) {
        const signature = `sig=:${Buffer.alloc(length).toString('base64')}:`;
        const request = withHeaders(signedRequest({ keyid, key: keyid === name ? secret : key.privateKey }), {
          signature,
        });
        expect(await server()(request)).toMatchObject({ reason: 'bad_signature' });
      }
    }
  });

  it('may have others beside it, which do not fit the profile', async () => {
    const mine = signedRequest();
    const proxy = 'proxy=("@authority");created=1700000000;keyid="edge"';
    const beside = withHeaders(mine, {
      'signature-input': [proxy, inputOf(mine)],
      signature: ['proxy=:AAAA:', mine.headers.signature as string],
    });
    expect(await server()(beside)).toMatchObject({ kind: 'verified', identity: key.publicKeyHex });
  });
});

describe('whatever is sent', () => {
  it('is refused by value and never verified by chance', async () => {
    const verify = server();
    const pieces = fc.constantFrom(
      'sig=',
      '("@method"',
      ' "@target-uri")',
      ';created=1700000000',
      ';nonce="n"',
      `;keyid="${name}"`,
      ':AAAA:',
      ', ',
      '(',
      ')',
      '"',
      '\\',
      ';',
      '?1',
      '@1',
      '%"a"',
      '1.5',
      'é',
      '\n',
    );
    const field = fc.oneof(
      fc.string(),
      fc.array(pieces, { maxLength: 12 }).map((all) => all.join('')),
    );
    await fc.assert(
      fc.asyncProperty(
        field,
        field,
        field,
        fc.option(fc.uint8Array({ maxLength: 9 })),
        async (input, signature, targetUri, sent) => {
          const request = {
            method: 'GET',
            targetUri,
            headers: { 'signature-input': input, signature, 'content-digest': input },
            body: sent,
          };
          expect((await verify(request)).kind).toBe('refused');
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it('verifies again when it was signed here, whatever the method, path, query, body and nonce', async () => {
    const verify = server();
    let count = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.webUrl({ withQueryParameters: true, withFragments: true }),
        fc.uint8Array(),
        fc.boolean(),
        async (url, bytes, byKey) => {
          const by = byKey ? { keyid: key.publicKeyHex, key: key.privateKey } : { keyid: name, key: secret };
          const request = signedRequest({ url, body: bytes, nonce: `n"\\${count++}`, ...by });
          const target = new URL(url);
          target.hash = '';
          expect(await verify({ ...request, targetUri: target.href })).toMatchObject({
            kind: 'verified',
            identity: by.keyid,
          });
        },
      ),
    );
  });

  it('tells the caller nothing secret', async () => {
    const refusals = await Promise.all([
      server()({ ...signedRequest({ keyid: name, key: secret }), method: 'PUT' }),
      server()(signedRequest({ keyid: 'nobody-here', key: secret })),
      server(() => t0 + 100_000)(signedRequest()),
    ]);
    for (const refusal of refusals) {
      expect(refusal.kind).toBe('refused');
      for (const hidden of [Buffer.from(secret).toString('hex'), 'b3k50bc9', '=:']) {
        expect(JSON.stringify(refusal)).not.toContain(hidden);
      }
    }
  });
});
