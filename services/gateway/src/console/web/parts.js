import { h } from 'preact';
import { addressOf } from './address.js';
import { messageOf } from './api.js';
import { momentOf } from './time.js';

/** @import { ComponentChildren } from 'preact' */

/** What went wrong, told at once to who listens. @param {{ readonly problem: unknown }} props */
export const Problem = ({ problem }) =>
  problem === null ? null : h('p', { class: 'problem', role: 'alert' }, messageOf(problem));

/** A moment, readable by people and machines. @param {{ readonly at: number, readonly text?: string }} props */
export const Moment = ({ at, text }) =>
  h('time', { dateTime: new Date(at).toISOString(), title: momentOf(at) }, text ?? momentOf(at));

/** What something is, in a shape and a word, never by its colour alone. @param {{ readonly kind: string, readonly children?: ComponentChildren }} props */
export const Signal = ({ kind, children }) => h('span', { class: `signal ${kind}` }, children);

/** @param {{ readonly id: string, readonly at?: number | null, readonly event?: string | null, readonly children?: ComponentChildren }} props */
export const SessionLink = ({ id, at = null, event = null, children }) =>
  h('a', { href: addressOf({ view: 'session', id, at, event }) }, children ?? h('code', null, id));

/**
 * The arrow keys, Home and End move the focus among the elements of a list.
 * @param {KeyboardEvent & { readonly currentTarget: HTMLElement | SVGElement }} event
 * @param {string} selector
 */
export const moveFocus = (event, selector) => {
  const among = [...event.currentTarget.querySelectorAll(selector)];
  const here = among.findIndex((one) => one.contains(document.activeElement));
  const to = { ArrowDown: here + 1, ArrowUp: here - 1, Home: 0, End: among.length - 1 }[event.key];
  const next = to === undefined ? undefined : among[to];
  if (!(next instanceof HTMLElement || next instanceof SVGElement)) return;
  event.preventDefault();
  next.focus();
};

/** Text that has lines of its own, such as an SDP, closed until it is asked for. @param {{ readonly text: string }} props */
const LongText = ({ text }) => {
  const lines = text.split(/\r?\n/);
  const name = lines.length > 1 ? `${lines.length} lines` : `${text.length} characters`;
  return h('details', { class: 'long' }, h('summary', null, name), h('pre', null, lines.join('\n')));
};

const LONG = 120;

/**
 * Any JSON as a list of names and values. It was written by strangers: it is text and nothing else.
 * @param {{ readonly value: unknown, readonly before?: unknown }} props `before`: what differs from it is marked
 * @returns {ComponentChildren}
 */
export const Tree = ({ value, before = value }) => {
  if (typeof value === 'string') {
    return value.length > LONG || value.includes('\n')
      ? h(LongText, { text: value })
      : h('span', { class: 'text' }, value);
  }
  if (value === null || typeof value !== 'object') return h('code', null, String(value));
  if (Array.isArray(value) && value.length > 0 && value.every(isWord)) {
    return h('span', { class: 'text' }, value.join(', '));
  }
  const fields = Object.entries(value);
  if (fields.length === 0) return h('span', { class: 'quiet' }, Array.isArray(value) ? 'none' : 'empty');
  const past = /** @type {Readonly<Record<string, unknown>>} */ (
    typeof before === 'object' && before !== null ? before : {}
  );
  return h(
    'dl',
    { class: 'tree' },
    fields.map(([name, inner]) => {
      const changed = JSON.stringify(past[name]) !== JSON.stringify(inner);
      return h(
        'div',
        { key: name, class: changed ? 'changed' : '' },
        h('dt', null, name, changed && h('span', { class: 'sr' }, ' (changed)')),
        h('dd', null, isTime(name, inner) ? h(Moment, { at: inner }) : h(Tree, { value: inner, before: past[name] })),
      );
    }),
  );
};

/** @param {unknown} value */
const isWord = (value) =>
  typeof value === 'number' || (typeof value === 'string' && value.length < LONG && !value.includes('\n'));

/** @param {string} name @param {unknown} value @returns {value is number} */
const isTime = (name, value) =>
  /(?:At|^at|timestamp)$/.test(name) && typeof value === 'number' && value > 1e11 && value < 8.64e15;
