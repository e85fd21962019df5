import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseBytesByLabel, parseSignatureInput } from '../src/http-signature/structured-fields.ts';

/** A space at the end says nothing, and no usual form has one: so the package reads the field, whatever it is. */
const byThePackage = (field: string) => `${field} `;

const key = fc.stringMatching(/^[a-z*][a-z0-9_.*-]{0,8}$/);
const name = fc.stringMatching(/^[a-z0-9@-]{1,12}$/);
const value = fc.oneof(
  fc.maxSafeInteger().map((n) => String(n % 1e15)),
  fc.stringMatching(/^[ !#-[\]-~]{0,20}$/).map((text) => `"${text}"`),
  fc.constantFrom('01', '-0', '1.5', 'token', '?1', ':aGk=:', '"a\\"b"', '"ü"', '1000000000000000', '""', '-'),
);
const input = fc
  .tuple(key, fc.array(name, { maxLength: 4 }), fc.array(fc.tuple(key, value), { maxLength: 5 }), fc.boolean())
  .map(([label, names, params, spaced]) => {
    const list = names.map((one) => `"${one}"`).join(spaced ? '  ' : ' ');
    return `${label}=(${list})${params.map(([k, v]) => `;${k}=${v}`).join('')}`;
  });

describe('the quick way to read a usual field', () => {
  it('reads Signature-Input as the general one does, or leaves it to that', () => {
    fc.assert(
      fc.property(fc.oneof(input, fc.string({ maxLength: 60 })), (field) => {
        expect(parseSignatureInput(field)).toStrictEqual(parseSignatureInput(byThePackage(field)));
      }),
      { numRuns: 3_000, seed: 20 },
    );
  });

  it('reads the bytes of Signature and Content-Digest as the general one does, or leaves them to that', () => {
    const base64 = fc.oneof(
      fc.uint8Array({ maxLength: 70 }).map((bytes) => Buffer.from(bytes).toString('base64')),
      fc.stringMatching(/^[A-Za-z0-9+/]{0,9}={0,2}$/),
    );
    fc.assert(
      fc.property(key, base64, (label, text) => {
        const field = `${label}=:${text}:`;
        expect(parseBytesByLabel(field)).toStrictEqual(parseBytesByLabel(byThePackage(field)));
      }),
      { numRuns: 3_000, seed: 21 },
    );
  });

  it('is what a signed request takes', () => {
    const field =
      'sig=("@method" "@target-uri" "content-digest");created=1795189325;keyid="amber-lamp";nonce="n-1";alg="hmac-sha256"';
    const parsed = parseSignatureInput(field)?.get('sig');
    expect(parsed?.text).toBe(field.slice('sig='.length));
    expect(parsed?.components.map((component) => component.identifier)).toEqual([
      '"@method"',
      '"@target-uri"',
      '"content-digest"',
    ]);
    expect([...(parsed?.params ?? [])]).toEqual([
      ['created', 1795189325],
      ['keyid', 'amber-lamp'],
      ['nonce', 'n-1'],
      ['alg', 'hmac-sha256'],
    ]);
  });
});
