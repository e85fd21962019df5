import { isUtf8 } from 'node:buffer';
import type { HttpOptions } from './options.ts';
import { ProblemError } from './problem.ts';
import type { App } from './request.ts';

const refuse = (path: string, message: string) => new ProblemError('INVALID_PARAMS', { errors: [{ path, message }] });

/** Underscores and null bytes can be written as escapes, in which letters and digits may be of either case. */
const ESCAPED = /\\u005f|\\u0000/i;

/** Texts without any of these need no closer look; nearly all have none. Searching is far quicker than matching. */
const isSuspicious = (text: string): boolean =>
  text.includes('__proto__') || (text.includes('\\u') && ESCAPED.test(text));

/** Beyond any request of ours, and still parsed within some ten milliseconds; a million of them take most of a second. */
const MAX_CONTAINERS = 100_000;

const [QUOTE, BACKSLASH, BRACKET, BRACE] = [0x22, 0x5c, 0x5b, 0x7b];

/**
 * Whether a JSON text opens more arrays and objects than are parsed without holding up everyone else. Of what is not
 * JSON the answer means nothing.
 */
export const tooManyContainers = (bytes: Uint8Array): boolean => {
  if (bytes.length <= MAX_CONTAINERS) return false;
  // Nearly all texts hold few of these bytes, and searching for them is far quicker than reading every byte.
  if (occurrences(bytes, BRACKET) + occurrences(bytes, BRACE) <= MAX_CONTAINERS) return false;
  let count = 0;
  let inString = false;
  for (let at = 0; at < bytes.length; at++) {
    const byte = bytes[at];
    if (byte === QUOTE) inString = !inString;
    else if (inString) {
      if (byte === BACKSLASH) at++; // what is escaped ends no string
    } else if ((byte === BRACKET || byte === BRACE) && ++count > MAX_CONTAINERS) return true;
  }
  return false;
};

/** How often a byte occurs; no more are counted than are too many. */
const occurrences = (bytes: Uint8Array, byte: number): number => {
  let count = 0;
  for (let at = bytes.indexOf(byte); at !== -1 && count <= MAX_CONTAINERS; at = bytes.indexOf(byte, at + 1)) count++;
  return count;
};

/**
 * Bytes to a value. Throws a problem for what is not JSON in UTF-8, and for three things that JSON allows but nobody
 * means well: a key named `__proto__`, which would change what an object is when it is copied, null bytes, and more
 * arrays and objects than any request needs.
 */
export const parseJson = (bytes: Buffer): unknown => {
  if (!isUtf8(bytes)) throw refuse('body', 'is not valid UTF-8');
  if (tooManyContainers(bytes)) throw refuse('body', 'must not hold more than 100,000 arrays and objects');
  const text = bytes.toString('utf8');
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refuse('body', 'is not valid JSON');
  }
  if (isSuspicious(text)) refuseForbidden(value);
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

/**
 * A body that is too large by less than this is taken and thrown away. To refuse it while it is on its way resets the
 * connection, often before the client has read why. What is larger is refused at once.
 */
const TAKEN_BEYOND_LIMIT = 1024 * 1024;

/**
 * Bodies are JSON or nothing, no longer than the route or else the configuration allows. The bytes are kept: signatures
 * and idempotency keys are about them.
 */
export const addJsonBody = (app: App, { config }: Pick<HttpOptions, 'config'>): void => {
  app.addHook('onRoute', (route) => {
    const ofRoute = route.config?.maxBodyBytes;
    if (ofRoute !== undefined) route.bodyLimit = Math.min(ofRoute, config.limits.maxBodyBytes);
  });
  app.addHook('preParsing', async (request, _reply, payload) => {
    const beyond = Number(request.headers['content-length']) - request.routeOptions.bodyLimit;
    if (!(beyond > 0 && beyond <= TAKEN_BEYOND_LIMIT)) return payload;
    for await (const _ of payload);
    throw new ProblemError('BODY_TOO_LARGE');
  });
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
