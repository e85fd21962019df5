import { readTime } from './time.js';

/** @import { Search, Sought } from './shapes.ts' */

const SESSION = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;
const TRACE = /^[0-9a-f]{32}$/i;
const PUBLIC_KEY = /^[0-9a-f]{64}$/i;

/**
 * What the one box asks for: a session id alone, or any of `tag:` `identity:` `trace:` `from:` `to:` together. A trace id
 * and a public key are known by their form; of any other bare word it can't be known what it names.
 * @param {string} text
 * @param {number} now
 * @returns {Sought}
 */
export const readSearch = (text, now) => {
  const words = text.trim().split(/\s+/).filter(Boolean);
  const only = words.length === 1 ? (words[0] ?? '') : '';
  const session = /^session:/.test(only) ? only.slice('session:'.length) : only;
  if (SESSION.test(session) || (session !== only && session !== '')) return { kind: 'session', id: session };

  /** @type {Record<string, string | number>} */
  const search = {};
  for (const word of words) {
    const [name, value] = nameAndValue(word);
    if (name === '') return unclear(`“${word}” may be a tag or an identity.`, [`tag:${word}`, `identity:${word}`]);
    if (!(name in KEYS) || value === '') {
      return unclear(`“${word}” is not understood. There are tag:, identity:, trace:, from:, to: and session ids.`);
    }
    const key = KEYS[/** @type {keyof typeof KEYS} */ (name)];
    if (key in search) return unclear(`“${key}:” is there twice; the search takes one of each.`);
    if (key === 'from' || key === 'to') {
      const time = readTime(value, now);
      if (time === undefined) {
        return unclear(
          `“${value}” is not a time. Write 10:04:05, 2026-11-20T10:04, or -15m for a quarter of an hour ago.`,
        );
      }
      search[key] = time;
    } else search[key] = key === 'trace' ? value.toLowerCase() : value;
  }
  return { kind: 'search', search: /** @type {Search} */ (search) };
};

const KEYS = /** @type {const} */ ({
  ...{ tag: 'tag', identity: 'identity', trace: 'trace', from: 'from', since: 'from', to: 'to', until: 'to' },
});

/** @param {string} word @returns {readonly [string, string]} */
const nameAndValue = (word) => {
  if (TRACE.test(word)) return ['trace', word.toLowerCase()];
  if (PUBLIC_KEY.test(word)) return ['identity', word.toLowerCase()];
  const colon = word.indexOf(':');
  return colon === -1 ? ['', word] : [word.slice(0, colon).toLowerCase(), word.slice(colon + 1)];
};

/** @param {string} why @param {readonly string[]} instead @returns {Sought} */
const unclear = (why, instead = []) => ({ kind: 'unclear', why, instead });
