import { describe, expect, it } from 'vitest';
import { key, name, server, signedRequest, withHeaders } from './examples.ts';

describe('a signature that does not fit the profile', () => {
  const covered = '("@method" "@target-uri" "content-digest")';
  const params = `;created=1700000000;nonce="n";keyid="${name}"`;
  const cases: readonly { readonly input: string; readonly reason: string; readonly detail: RegExp }[] = [
    {
      input: `sig=("@target-uri" "content-digest")${params}`,
      reason: 'unsigned_parts',
      detail: /must cover "@method"/,
    },
    {
      input: `sig=("@method" "content-digest")${params}`,
      reason: 'unsigned_parts',
      detail: /must cover "@target-uri"/,
    },
    {
      input: `sig=("@method" "@target-uri")${params}`,
      reason: 'unsigned_parts',
      detail: /must cover "content-digest"/,
    },
    { input: `sig=${covered};nonce="n";keyid="${name}"`, reason: 'unsigned_parts', detail: /the parameter created/ },
    {
      input: `sig=${covered};created=1700000000;keyid="${name}"`,
      reason: 'unsigned_parts',
      detail: /the parameter nonce/,
    },
    { input: `sig=${covered};created=1700000000;nonce="n"`, reason: 'unsigned_parts', detail: /the parameter keyid/ },
    {
      input: `sig=${covered};created=1700000000.5;nonce="n";keyid="${name}"`,
      reason: 'malformed',
      detail: /created is not a whole number/,
    },
    {
      input: `sig=${covered};created="1700000000";nonce="n";keyid="${name}"`,
      reason: 'malformed',
      detail: /created is not a whole number/,
    },
    {
      input: `sig=${covered};created=-1;nonce="n";keyid="${name}"`,
      reason: 'malformed',
      detail: /created is not a whole number/,
    },
    { input: `sig=${covered}${params};expires="soon"`, reason: 'malformed', detail: /expires is not a whole number/ },
    {
      input: `sig=${covered};created=1700000000;nonce="";keyid="${name}"`,
      reason: 'malformed',
      detail: /nonce is not a string of 1 to 128/,
    },
    {
      input: `sig=${covered};created=1700000000;nonce="${'n'.repeat(129)}";keyid="${name}"`,
      reason: 'malformed',
      detail: /nonce is not/,
    },
    {
      input: `sig=${covered};created=1700000000;nonce=token;keyid="${name}"`,
      reason: 'malformed',
      detail: /nonce is not/,
    },
    {
      input: `sig=${covered};created=1700000000;nonce="n";keyid="No Name"`,
      reason: 'malformed',
      detail: /keyid is neither/,
    },
    {
      input: `sig=${covered};created=1700000000;nonce="n";keyid="${key.publicKeyHex.toUpperCase()}"`,
      reason: 'malformed',
      detail: /lower-case/,
    },
    {
      input: `sig=${covered};created=1700000000;nonce="n";keyid="${'00'.repeat(32)}"`,
      reason: 'malformed',
      detail: /keyid is neither/,
    },
    {
      input: `sig=${covered}${params};alg="ed25519"`,
      reason: 'malformed',
      detail: /alg does not go with the keyid, which is one for "hmac-sha256"/,
    },
    { input: `sig=${covered}${params};alg=hmac-sha256`, reason: 'malformed', detail: /alg does not go/ },
    {
      input: `sig=("@method" "@target-uri" "content-digest" "@method")${params}`,
      reason: 'malformed',
      detail: /covers "@method" twice/,
    },
    {
      input: `sig=("@method" "@target-uri" "content-digest" "Host")${params}`,
      reason: 'malformed',
      detail: /lower case/,
    },
    {
      input: `sig=("@method" "@target-uri" "content-digest" "@signature-params")${params}`,
      reason: 'malformed',
      detail: /not a component name/,
    },
    {
      input: `sig=(${Array.from({ length: 33 }, (_, i) => `"x-${i}"`).join(' ')})${params}`,
      reason: 'malformed',
      detail: /may cover 32/,
    },
    {
      input: `other=${covered}${params}`,
      reason: 'malformed',
      detail: /other: Signature has no value with this label/,
    },
    { input: '', reason: 'malformed', detail: /is empty/ },
    { input: 'sig', reason: 'malformed', detail: /not a dictionary of component lists/ },
    { input: 'sig=(1)', reason: 'malformed', detail: /not a dictionary of component lists/ },
    { input: 'sig=(', reason: 'malformed', detail: /not a dictionary of component lists/ },
    {
      input: `sig=${covered}${params};tag="${'x'.repeat(4096)}"`,
      reason: 'malformed',
      detail: /may have 4096 characters/,
    },
    {
      input: ['a', 'b', 'c', 'd', 'e'].map((label) => `${label}=()`).join(','),
      reason: 'malformed',
      detail: /may carry 4/,
    },
  ];
  for (const { input, reason, detail } of cases) {
    it(`is refused as ${reason}: ${input.slice(0, 130)}`, async () => {
      expect(await server()(withHeaders(signedRequest(), { 'signature-input': input }))).toEqual({
        kind: 'refused',
        reason,
        detail: expect.stringMatching(detail),
        retryAfterMs: null,
      });
    });
  }

  it('is refused as malformed when one of the two headers is missing or not made of bytes', async () => {
    for (const headers of [
      { signature: undefined },
      { 'signature-input': undefined },
      { signature: 'sig="text"' },
      { signature: 'sig=:é:' },
      { signature: '(' },
    ]) {
      expect(await server()(withHeaders(signedRequest(), headers))).toMatchObject({
        kind: 'refused',
        reason: 'malformed',
      });
    }
  });
});
