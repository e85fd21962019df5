import { createHmac, timingSafeEqual } from 'node:crypto';

export const hmacSha256 = (secret: Uint8Array, text: Uint8Array): Uint8Array =>
  createHmac('sha256', secret).update(text).digest();

/** Whether this is the HMAC-SHA256 of the text. How long it takes tells nothing of where the two differ. */
export const verifyHmac = (secret: Uint8Array, text: Uint8Array, signature: Uint8Array): boolean => {
  const expected = hmacSha256(secret, text);
  return signature.length === expected.length && timingSafeEqual(expected, signature);
};
