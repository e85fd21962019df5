import { isIP } from 'node:net';

/**
 * What may leave the process in a log line (P1). Names that always hold something private lose their value, whatever
 * it is; every other text is searched for SDP, candidates, keys, tokens and addresses; objects that are not plain
 * data are named, not opened.
 */

export const REDACTED = '[redacted]';

/** Fields of our own lines, whose values we make ourselves. They may look like a key: an identity can be one. */
const OWN_FIELDS = new Set(
  'level time pid hostname name instance requestId traceId method route status ms caller work step signal failures code sessionId'.split(
    ' ',
  ),
);

const PRIVATE_NAME =
  /sdp|candidate|secret|token|authori[sz]ation|signature|password|passwd|cookie|nonce|credential|bearer|private.?key|(?:master|admin|api|session).?keys?$|^keys?$|^ips?$|address$|forwarded|^body$|rawbody|^payload$|^headers$|rawheaders|^url$|^query$|querystring/i;

const MAX_DEPTH = 5;
const MAX_ITEMS = 50;
const MAX_TEXT = 8_192;

const SDP = /v=0(?:\r?\n|\\r\\n|\\n)[\s\S]*/g;
const CANDIDATE = /candidate:[^"'\r\n]*/gi;
const BEARER = /\b(bearer|basic)\s+\S+/gi;
/** Hex and base64url from 32 bytes on; base64 with its padding from 15 on. Shorter ones are ids. */
const KEY_LIKE = /[A-Za-z0-9_-]{40,}|[A-Za-z0-9+/]{20,}={1,2}/g;
const ADDRESS_4 = /(?<![\w.])\d{1,3}(?:\.\d{1,3}){3}(?![\w.]\w)/g;
const ADDRESS_6 = /(?<![\w:])[0-9a-f]{0,4}(?::[0-9a-f]{0,4}){2,7}(?:\.\d{1,3}){0,3}(?![\w:])/gi;

/** A single short word can hold nothing of the above; most of what is logged is one. */
const HARMLESS = /^[a-z_/-]{0,39}$/i;

/** Addresses that are nobody's: where a server listens. */
const OF_NO_ONE = /^(?:127\.|0\.0\.0\.0$|::1?$)/;

const hideAddress = (text: string): string => (isIP(text) === 0 || OF_NO_ONE.test(text) ? text : '[address]');

export const scrubText = (text: string): string => (HARMLESS.test(text) ? text : searched(text));

const searched = (text: string): string =>
  (text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT)}…` : text)
    .replace(SDP, '[sdp]')
    .replace(CANDIDATE, '[candidate]')
    .replace(BEARER, `$1 ${REDACTED}`)
    .replace(KEY_LIKE, REDACTED)
    .replace(ADDRESS_6, hideAddress)
    .replace(ADDRESS_4, hideAddress);

/** The fields of a line as they may be written. Never throws, whatever it is given. */
export const scrubFields = (fields: object): Record<string, unknown> => {
  const scrubbed: Record<string, unknown> = {};
  for (const [name, value] of entriesOf(fields)) {
    const own = OWN_FIELDS.has(name) && (typeof value === 'string' || typeof value === 'number');
    if (own) scrubbed[name] = value;
    else scrubbed[scrubText(name)] = scrubNamed(name, value);
  }
  return scrubbed;
};

const scrubNamed = (name: string, value: unknown, depth = 0): unknown =>
  value !== null && value !== undefined && PRIVATE_NAME.test(name) ? REDACTED : scrubValue(value, depth);

/** Any value as it may be written: plain data, without what is private. */
export const scrubValue = (value: unknown, depth = 0): unknown => {
  if (typeof value === 'string') return scrubText(value);
  if (typeof value === 'bigint') return String(value);
  if (typeof value === 'function' || typeof value === 'symbol') return `[${typeof value}]`;
  if (value === null || typeof value !== 'object') return value;
  if (value instanceof Error) return scrubError(value, depth);
  if (depth >= MAX_DEPTH) return '[deep]';
  if (Array.isArray(value)) return value.slice(0, MAX_ITEMS).map((item) => scrubValue(item, depth + 1));
  const kind = kindOf(value);
  if (kind !== 'Object') return `[${kind}]`;
  return Object.fromEntries(
    entriesOf(value)
      .slice(0, MAX_ITEMS)
      .map(([name, inner]) => [scrubText(name), scrubNamed(name, inner, depth + 1)]),
  );
};

/** Name, code, message, stack and causes; never the own fields, where libraries keep requests and bodies. */
const scrubError = (error: Error, depth: number): Record<string, unknown> => {
  const { name, message, stack, cause } = error;
  const { code } = error as NodeJS.ErrnoException;
  return {
    type: scrubText(String(name)),
    ...(code === undefined ? {} : { code: scrubText(String(code)) }),
    message: scrubText(String(message)),
    stack: scrubText(String(stack)),
    ...(cause === undefined || depth >= MAX_DEPTH ? {} : { cause: scrubValue(cause, depth + 1) }),
  };
};

const kindOf = (value: object): string => {
  const prototype = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return 'Object';
  const made = prototype.constructor;
  return typeof made === 'function' ? made.name || 'anonymous' : 'unknown';
};

const entriesOf = (value: object): [string, unknown][] => {
  try {
    return Object.entries(value);
  } catch {
    return []; // a getter or a proxy that throws has nothing to say
  }
};
