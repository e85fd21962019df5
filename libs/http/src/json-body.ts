import { isUtf8 } from 'node:buffer';
import { ProblemError } from './problem.ts';
import type { App } from './request.ts';

const refuse = (path: string, message: string) => new ProblemError('INVALID_PARAMS', { errors: [{ path, message }] });

/** Texts without any of these need no closer look; nearly all have none. */
const SUSPICIOUS = /__proto__|\\u005f|\\u0000/i;

/**
 * Bytes to a value. Throws a problem for what is not JSON in UTF-8, and for two things that JSON allows but nobody
 * means well: a key named `__proto__`, which would change what an object is when it is copied, and null bytes.
 */
export const parseJson = (bytes: Buffer): unknown => {
  if (!isUtf8(bytes)) throw refuse('body', 'is not valid UTF-8');
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse('body', 'is not valid JSON');
  }
  if (SUSPICIOUS.test(text)) refuseForbidden(value);
  return value;
};

/** Looks through the whole value without recursion: a body may nest deeper than the stack. */
const refuseForbidden = (root: unknown): void => {
  const open: { readonly value: unknown; readonly path: string }[] = [{ value: root, path: 'body' }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, path } = next;
    if (typeof value === 'string' && value.includes('\0')) throw refuse(path, 'must not hold a null byte');
    if (Array.isArray(value)) {
      for (const [index, item] of value.entries()) open.push({ value: item, path: `${path}[${index}]` });
    } else if (typeof value === 'object' && value !== null) {
      for (const [key, item] of Object.entries(value)) {
        if (key === '__proto__') throw refuse(path, 'must not have a key named __proto__');
        if (key.includes('\0')) throw refuse(path, 'must not have a key that holds a null byte');
        open.push({ value: item, path: `${path}.${key}` });
      }
    }
  }
};

/** Bodies are JSON or nothing. The bytes are kept: signatures and idempotency keys are about them. */
export const addJsonBody = (app: App): void => {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (body.length === 0) return done(null, undefined);
    request.rawBody = body;
    try {
      done(null, parseJson(body));
    } catch (error) {
      done(error as Error);
    }
  });
};
