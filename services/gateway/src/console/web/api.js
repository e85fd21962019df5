/** @import { Browser, DiscoveryAt, EventPage, FoundPage, Health, Search, StateAt, Timeline } from './shapes.ts' */

/** The server refused, or was not there. `status` is 0 when it gave no answer. */
export class ApiError extends Error {
  /** @param {number} status @param {string} code @param {string} message */
  constructor(status, code, message) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
  }
}

/** How long the server is asked to wait for an event. */
const WAIT_SECONDS = 20;

/** @param {unknown} error */
export const messageOf = (error) => (error instanceof Error ? error.message : String(error));

/**
 * The audit API with one key. The key goes into the header of each request and nowhere else.
 * @param {Pick<Browser, 'fetch'>} browser
 * @param {string} key
 * @param {(error: ApiError) => void} refused is told when the server does not take the key, or not any more
 */
export const createApi = ({ fetch }, key, refused = () => {}) => {
  /** @param {string} path @param {Readonly<Record<string, string | number | null | undefined>>} query @param {AbortSignal} [signal] @param {Readonly<Record<string, string>>} [headers] */
  const get = async (path, query, signal, headers = {}) => {
    const given = Object.entries(query).flatMap(([name, value]) => (value == null ? [] : [[name, String(value)]]));
    const params = new URLSearchParams(given);
    const answer = await fetch(`/v1/audit/${path}${params.size === 0 ? '' : `?${params}`}`, {
      headers: { authorization: `Bearer ${key}`, accept: 'application/json', ...headers },
      ...{ credentials: 'omit', cache: 'no-store', redirect: 'error', referrerPolicy: 'no-referrer' },
      ...(signal && { signal }),
    }).catch((error) => {
      if (signal?.aborted) throw error;
      throw new ApiError(0, 'NO_ANSWER', 'The server gave no answer. Is it running, and is the network there?');
    });
    const body = await answer.json().catch(() => null);
    if (answer.ok && body !== null) return body;
    const said = [body?.title, body?.detail].filter((text) => typeof text === 'string' && text !== '');
    const message = said.length > 0 ? said.join(' – ') : `The server answered with status ${answer.status}.`;
    const error = new ApiError(answer.status, String(body?.code ?? 'UNKNOWN'), message);
    if (answer.status === 401 || answer.status === 403) refused(error);
    throw error;
  };

  return {
    /** @param {Search} search @param {string | null} cursor @param {AbortSignal} [signal] @returns {Promise<FoundPage>} */
    search: (search, cursor, signal) => get('sessions', { ...search, cursor, limit: 25 }, signal),
    /** @param {string} id @param {AbortSignal} [signal] @returns {Promise<Timeline>} */
    timeline: (id, signal) => get(`sessions/${encodeURIComponent(id)}`, {}, signal),
    /** @param {string} id @param {number} at @param {AbortSignal} [signal] @returns {Promise<StateAt>} */
    stateAt: (id, at, signal) => get(`sessions/${encodeURIComponent(id)}/state`, { at }, signal),
    /** @param {number} limit @param {AbortSignal} [signal] @returns {Promise<EventPage>} */
    newestEvents: (limit, signal) => get('events', { order: 'newest', limit }, signal),
    /**
     * What was recorded after a page; waits a while when that is nothing.
     * @param {string} cursor @param {AbortSignal} signal @returns {Promise<EventPage>}
     */
    eventsAfter: (cursor, signal) => get('events', { cursor }, signal, { prefer: `wait=${WAIT_SECONDS}` }),
    /**
     * Without a time: now, by the server's clock.
     * @param {string} tag @param {number | null} at @param {AbortSignal} [signal] @returns {Promise<DiscoveryAt>}
     */
    discoveryAt: (tag, at, signal) => get('read-models/discovery', { tag, at }, signal),
    /** @param {AbortSignal} [signal] @returns {Promise<Health>} */
    health: (signal) => get('health', {}, signal),
  };
};

/** @typedef {ReturnType<typeof createApi>} Api */
