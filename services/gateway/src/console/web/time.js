/** Times in words. Everything is UTC: what two people see of one moment is the same text. */

const SECOND = 1_000;
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 86_400_000;

/** `10:04:05.123` @param {number} ms */
export const clockOf = (ms) => new Date(ms).toISOString().slice(11, 23);

/** `2026-11-20` @param {number} ms */
export const dayOf = (ms) => new Date(ms).toISOString().slice(0, 10);

/** `2026-11-20 10:04:05.123 UTC` @param {number} ms */
export const momentOf = (ms) => `${dayOf(ms)} ${clockOf(ms)} UTC`;

/** `+1.234 s`, `+5 min 02 s`: how long after the start. @param {number} ms */
export const sinceOf = (ms) => {
  if (ms < 0) return `−${spanOf(-ms)}`;
  return `+${ms < MINUTE ? `${(ms / SECOND).toFixed(3)} s` : spanOf(ms)}`;
};

/** `340 ms`, `1.2 s`, `5 min 02 s`, `3 h 20 min`, `4 d 2 h` @param {number} ms */
export const spanOf = (ms) => {
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return `${(ms / SECOND).toFixed(1)} s`;
  if (ms < HOUR) return two(ms, MINUTE, 'min', SECOND, 's');
  if (ms < DAY) return two(ms, HOUR, 'h', MINUTE, 'min');
  return two(ms, DAY, 'd', HOUR, 'h');
};

/** @param {number} ms @param {number} big @param {string} bigName @param {number} small @param {string} smallName */
const two = (ms, big, bigName, small, smallName) => {
  const rest = String(Math.floor((ms % big) / small)).padStart(2, '0');
  return `${Math.floor(ms / big)} ${bigName} ${rest} ${smallName}`;
};

const UNITS = { s: SECOND, m: MINUTE, h: HOUR, d: DAY };
const AGO = /^-(\d{1,6})(s|m|h|d)$/;
const TODAY = /^\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?$/;
const DATE = /^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,3})?)?Z?)?$/;

/**
 * A time as a person writes it: `-15m` ago, `10:04:05.123` today, `2026-11-20`, `2026-11-20T10:04`, or epoch
 * milliseconds. Undefined when it is none of these.
 * @param {string} text
 * @param {number} now
 * @returns {number | undefined}
 */
export const readTime = (text, now) => {
  const ago = AGO.exec(text);
  if (ago) return now - Number(ago[1]) * UNITS[/** @type {keyof typeof UNITS} */ (ago[2])];
  if (/^\d{12,14}$/.test(text)) return Number(text);
  const iso = TODAY.test(text) ? `${dayOf(now)}T${text}` : DATE.test(text) ? text : undefined;
  if (iso === undefined) return undefined;
  const ms = Date.parse(iso.includes('T') && !iso.endsWith('Z') ? `${iso}Z` : iso);
  return Number.isNaN(ms) ? undefined : ms;
};
