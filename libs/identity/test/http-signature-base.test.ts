import { createPublicKey, sign, verify } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { contentDigest, matchesContentDigest } from '../src/http-signature/content-digest.ts';
import { signatureBase } from '../src/http-signature/signature-base.ts';
import { parseBytesByLabel, parseSignatureInput } from '../src/http-signature/structured-fields.ts';
import { type SignedRequest, verifyHmac } from '../src/index.ts';
import { ed25519Key } from './examples.ts';

/** RFC 9421, appendix B.2: the request that its examples sign. */
const rfcRequest: SignedRequest = {
  method: 'POST',
  targetUri: 'https://example.com/foo?param=Value&Pet=dog',
  headers: {
    host: 'example.com',
    date: 'Tue, 20 Apr 2021 02:07:55 GMT',
    'content-type': 'application/json',
    'content-digest':
      'sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:',
    'content-length': '18',
  },
  body: Buffer.from('{"hello": "world"}'),
};

const baseOf = (request: SignedRequest, field: string) => {
  const [input] = parseSignatureInput(field)?.values() ?? [];
  if (!input) throw new Error(`not a Signature-Input: ${field}`);
  return signatureBase(request, input);
};
const textOf = (request: SignedRequest, field: string) => {
  const base = baseOf(request, field);
  return base.kind === 'base' ? Buffer.from(base.text, 'latin1') : null;
};

describe('the signature base, against RFC 9421', () => {
  it('appendix B.2.5: a selection of components, signed with HMAC', () => {
    const base = baseOf(
      rfcRequest,
      'sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
    );
    expect(base).toEqual({
      kind: 'base',
      text: [
        '"date": Tue, 20 Apr 2021 02:07:55 GMT',
        '"@authority": example.com',
        '"content-type": application/json',
        '"@signature-params": ("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret"',
      ].join('\n'),
    });
    const shared = 'uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ==';
    const signature = parseBytesByLabel('sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:')?.get('sig-b25');
    const text = Buffer.from(base.kind === 'base' ? base.text : '');
    expect(verifyHmac(Buffer.from(shared, 'base64'), text, signature as Uint8Array)).toBe(true);
  });

  it('appendix B.2.6: a selection of components, signed with Ed25519', () => {
    const field =
      'sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473;keyid="test-key-ed25519"';
    const text = textOf(rfcRequest, field);
    expect(text?.toString()).toBe(
      [
        '"date": Tue, 20 Apr 2021 02:07:55 GMT',
        '"@method": POST',
        '"@path": /foo',
        '"@authority": example.com',
        '"content-type": application/json',
        '"content-length": 18',
        `"@signature-params": ${field.slice('sig-b26='.length)}`,
      ].join('\n'),
    );
    const expected = 'wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==';
    const { privateKey } = ed25519Key(
      Buffer.from('9f8362f87a484a954e6e740c5b4c0e84229139a20aa8ab56ff66586f6a7d29c5', 'hex'),
    );
    const publicKey = createPublicKey({
      key: Buffer.from('JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=', 'base64'),
      format: 'raw-public',
      asymmetricKeyType: 'ed25519',
    });
    expect(sign(null, text as Buffer, privateKey).toString('base64')).toBe(expected);
    expect(verify(null, text as Buffer, publicKey, Buffer.from(expected, 'base64'))).toBe(true);
  });

  it('section 2.1: fields of several lines, empty fields and surrounding space', () => {
    const request = {
      ...rfcRequest,
      headers: {
        'cache-control': ['max-age=60', '   must-revalidate'],
        'x-empty-header': '',
        'x-ows-header': '  Leading and trailing whitespace.   ',
      },
    };
    expect(textOf(request, 'sig=("cache-control" "x-empty-header" "x-ows-header")')?.toString()).toBe(
      [
        '"cache-control": max-age=60, must-revalidate',
        '"x-empty-header": ',
        '"x-ows-header": Leading and trailing whitespace.',
        '"@signature-params": ("cache-control" "x-empty-header" "x-ows-header")',
      ].join('\n'),
    );
  });

  const targets = [
    {
      uri: 'https://www.example.com/path?param=value',
      component: '@target-uri',
      value: 'https://www.example.com/path?param=value',
    },
    { uri: 'https://WWW.Example.com:443/path', component: '@authority', value: 'www.example.com' },
    { uri: 'http://127.0.0.1:3000/', component: '@authority', value: '127.0.0.1:3000' },
    { uri: 'http://www.example.com:80', component: '@authority', value: 'www.example.com' },
    { uri: 'http://www.example.com:443/', component: '@authority', value: 'www.example.com:443' },
    { uri: 'http://[::1]:80/', component: '@authority', value: '[::1]' },
    { uri: 'HTTP://www.example.com/', component: '@scheme', value: 'http' },
    { uri: 'https://www.example.com/path?param=value', component: '@request-target', value: '/path?param=value' },
    { uri: 'https://www.example.com/path', component: '@request-target', value: '/path' },
    { uri: 'https://www.example.com?a', component: '@path', value: '/' },
    { uri: 'https://www.example.com/a%2Fb/../c', component: '@path', value: '/a%2Fb/../c' },
    { uri: 'https://www.example.com/path?queryString', component: '@query', value: '?queryString' },
    {
      uri: 'https://www.example.com/path?param=value&foo=bar&baz=bat%2Dman',
      component: '@query',
      value: '?param=value&foo=bar&baz=bat%2Dman',
    },
    { uri: 'https://www.example.com/path', component: '@query', value: '?' },
  ];
  for (const { uri, component, value } of targets) {
    it(`section 2.2: ${component} of ${uri}`, () => {
      expect(textOf({ ...rfcRequest, targetUri: uri }, `sig=("${component}")`)?.toString()).toBe(
        `"${component}": ${value}\n"@signature-params": ("${component}")`,
      );
    });
  }

  it('section 2.2.8: query parameters, decoded and encoded again', () => {
    const request = {
      ...rfcRequest,
      targetUri:
        'https://www.example.com/parameters?var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something',
    };
    const covered = '("@query-param";name="var" "@query-param";name="bar" "@query-param";name="fa%C3%A7ade%22%3A%20")';
    expect(textOf(request, `sig=${covered}`)?.toString()).toBe(
      [
        '"@query-param";name="var": this%20is%20a%20big%0Amultiline%20value',
        '"@query-param";name="bar": with%20plus%20whitespace',
        '"@query-param";name="fa%C3%A7ade%22%3A%20": something',
        `"@signature-params": ${covered}`,
      ].join('\n'),
    );
  });

  it('writes the parameters in the standard’s one way, however they came', () => {
    expect(
      textOf(rfcRequest, 'sig=(  "@method"   "@path" );created=1618884473;   nonce="a\\"b";x;y=?1;z=?0')?.toString(),
    ).toBe(
      '"@method": POST\n"@path": /foo\n"@signature-params": ("@method" "@path");created=1618884473;nonce="a\\"b";x;y;z=?0',
    );
  });
});

describe('a component without a value', () => {
  const impossible = [
    { covered: '"x-absent"', why: 'is not in the request' },
    { covered: '"constructor"', why: 'is not in the request' },
    { covered: '"date";sf', why: 'has parameters, which are not supported on a header field' },
    { covered: '"@method";req', why: 'has parameters that it cannot have in a request' },
    { covered: '"@status"', why: 'is not a component of a request' },
    { covered: '"@query-param"', why: 'needs the parameter name and no other' },
    { covered: '"@query-param";name="absent"', why: 'is not in the query' },
    { covered: '"@query-param";name="twice"', why: 'is in the query more than once' },
    { covered: '"x-forged"', why: 'holds a character that is not printable ASCII' },
    { covered: '"x-latin"', why: 'holds a character that is not printable ASCII' },
  ];
  for (const { covered, why } of impossible) {
    it(`is told: ${covered} ${why}`, () => {
      const request: SignedRequest = {
        ...rfcRequest,
        targetUri: 'https://example.com/?twice=1&twice=2',
        headers: { ...rfcRequest.headers, 'x-forged': 'a\n"@method": GET', 'x-latin': 'é' },
      };
      expect(baseOf(request, `sig=("@method" ${covered})`)).toEqual({ kind: 'impossible', component: covered, why });
    });
  }
});

describe('a content digest', () => {
  const sha256 = 'sha-256=:X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=:';
  const sha512 = rfcRequest.headers['content-digest'] as string;
  const body = rfcRequest.body as Uint8Array;

  it('is the one of RFC 9530', () => expect(contentDigest(body)).toBe(sha256));

  it('is right by either algorithm or both, whatever others say', () => {
    for (const field of [sha256, sha512, `${sha256}, ${sha512}`, `md5=:AAAA:, ${sha256}`]) {
      expect(matchesContentDigest(field, body), field).toBe(true);
    }
  });

  it('is wrong for other bytes, when one of two is wrong, and when there is none that is known', () => {
    const wrong = 'sha-256=:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=:';
    for (const field of [
      '',
      wrong,
      `${sha512}, ${wrong}`,
      'md5=:AAAA:',
      'sha-256=:X48E:',
      'sha-256="text"',
      'sha-256=(1)',
      '=',
      'sha-256',
    ]) {
      expect(matchesContentDigest(field, body), field).toBe(false);
    }
    expect(matchesContentDigest(sha256, Buffer.from('{"hello": "world" }'))).toBe(false);
  });
});
