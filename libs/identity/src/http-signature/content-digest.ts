import { hash } from 'node:crypto';
import { bytesMember, parseBytesByLabel } from './structured-fields.ts';

const algorithms: ReadonlyMap<string, string> = new Map([
  ['sha-256', 'sha256'],
  ['sha-512', 'sha512'],
]);

/** The value of a `Content-Digest` field for these bytes (RFC 9530). */
export const contentDigest = (body: Uint8Array): string => bytesMember('sha-256', hash('sha256', body, 'buffer'));

/**
 * Whether the field holds the digest of these bytes: at least one by SHA-256 or SHA-512, and every one of these right.
 * Digests by other algorithms are not looked at.
 */
export const matchesContentDigest = (field: string, body: Uint8Array): boolean => {
  let checked = 0;
  for (const [label, digest] of parseBytesByLabel(field) ?? []) {
    const algorithm = algorithms.get(label);
    if (algorithm === undefined) continue;
    if (!hash(algorithm, body, 'buffer').equals(digest)) return false;
    checked++;
  }
  return checked > 0;
};
