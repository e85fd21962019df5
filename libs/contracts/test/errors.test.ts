import { describe, expect, it } from 'vitest';
import { catalogue, errorCodes } from '../src/index.ts';

const entries = errorCodes.map((code) => ({ code, ...catalogue[code] }));

describe('the catalogue of errors', () => {
  it('lists each code once', () => {
    expect(errorCodes.length).toBeGreaterThan(30);
    expect(errorCodes).toEqual(Object.keys(catalogue));
    expect(new Set(errorCodes).size).toBe(errorCodes.length);
  });

  it.each(entries)(
    '$code has a status of an error, a title that is its own, and help',
    ({ code, status, title, help }) => {
      expect(code).toMatch(/^[A-Z]+(?:_[A-Z]+)*$/);
      expect([400, 401, 403, 404, 405, 408, 409, 410, 413, 415, 422, 429, 431, 500, 503]).toContain(status);
      expect(entries.filter((other) => other.title === title).map((other) => other.code)).toEqual([code]);
      expect(title).toMatch(/^[A-Z][^.]{5,80}$/);
      expect(help).toMatch(/^[A-Z`].{10,400}\.$/s);
    },
  );

  it('blames the server for one thing only; whatever else is 5xx may be tried again', () => {
    expect(entries.filter(({ status }) => status >= 500 && status !== 503).map(({ code }) => code)).toEqual([
      'INTERNAL_ERROR',
    ]);
  });

  it('has the codes that Rondevu’s clients know, by the same names', () => {
    const known = [
      ...['AUTH_REQUIRED', 'INVALID_CREDENTIALS', 'INVALID_TAG', 'INVALID_SDP', 'INVALID_PARAMS', 'MISSING_PARAMS'],
      ...['OFFER_NOT_FOUND', 'OFFER_ALREADY_ANSWERED', 'OFFER_NOT_ANSWERED', 'NO_AVAILABLE_OFFERS', 'NOT_AUTHORIZED'],
      ...['OWNERSHIP_MISMATCH', 'TOO_MANY_OFFERS', 'SDP_TOO_LARGE', 'BATCH_TOO_LARGE', 'RATE_LIMIT_EXCEEDED'],
      ...['TOO_MANY_OFFERS_PER_USER', 'STORAGE_FULL', 'TOO_MANY_ICE_CANDIDATES', 'INTERNAL_ERROR', 'UNKNOWN_METHOD'],
      ...['INVALID_FQN', 'INVALID_PUBLIC_KEY'],
    ];
    expect(known.filter((code) => !(code in catalogue))).toEqual([]);
  });
});
