import { h } from 'preact';
import { addressOf } from './address.js';
import { useLoaded } from './hooks.js';
import { Moment, Problem, SessionLink, Tree } from './parts.js';
import { clockOf, dayOf, readTime } from './time.js';

/** @import { Api } from './api.js' */
/** @import { Browser, DiscoveryAt } from './shapes.ts' */

/**
 * What discovery showed for a tag at a moment of the past.
 * @param {{ readonly api: Api, readonly browser: Browser, readonly tag: string, readonly at: string }} props
 */
export const DiscoveryView = ({ api, browser, tag, at }) => {
  // Now is what the server takes for it: the clock of this machine may be ahead.
  const time = at === '' ? null : readTime(at, browser.now());
  const key = tag === '' || time === undefined ? null : `${tag} ${at}`;
  const { value, problem, loading } = useLoaded(key, (signal) => api.discoveryAt(tag, time ?? null, signal));

  /** @param {SubmitEvent & { readonly currentTarget: HTMLFormElement }} event */
  const submit = (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const given = (/** @type {string} */ name) => String(form.get(name) ?? '').trim();
    location.hash = addressOf({ view: 'discovery', tag: given('tag'), at: given('at') });
  };
  return [
    h('h1', null, 'What discovery showed'),
    h(
      'form',
      { class: 'search', onSubmit: submit, key: `${tag} ${at}` },
      h(
        'label',
        null,
        'Tag',
        h('input', { name: 'tag', defaultValue: tag, required: true, spellcheck: false, autocomplete: 'off' }),
      ),
      h(
        'label',
        null,
        'At (UTC)',
        h('input', {
          name: 'at',
          defaultValue: timeText(at),
          placeholder: 'now, -15m, 10:04:05.123, 2026-11-20T10:04',
          spellcheck: false,
        }),
      ),
      h('button', { type: 'submit' }, 'Show'),
    ),
    time === undefined &&
      h('p', { class: 'problem', role: 'alert' }, `“${at}” is not a time. Write 10:04:05, 2026-11-20T10:04, or -15m.`),
    h(Problem, { problem }),
    key !== null && loading && h('p', { class: 'quiet', role: 'status' }, 'Asking …'),
    key !== null && value && h(Shown, { shown: value, tag }),
  ];
};

/** Bookmarks hold milliseconds; people write times. @param {string} at */
const timeText = (at) => (/^\d{12,14}$/.test(at) ? `${dayOf(Number(at))}T${clockOf(Number(at))}` : at);

/** @param {{ readonly shown: DiscoveryAt, readonly tag: string }} props */
const Shown = ({ shown: { at, position, sessions, unreadable, stateHash }, tag }) => [
  h(
    'p',
    { role: 'status' },
    `${sessions.length === 0 ? 'No open offer' : sessions.length === 1 ? '1 open offer' : `${sessions.length} open offers`} with the tag `,
    h('span', { class: 'tag' }, tag),
    ' at ',
    h(Moment, { at }),
    unreadable > 0 && `, and ${unreadable} that can't be read any more`,
    '.',
  ),
  h(
    'ol',
    { class: 'results' },
    sessions.map((session) => {
      const { sessionId, ...rest } = session;
      const id = String(sessionId ?? '');
      return h('li', { key: id, class: 'card' }, h(SessionLink, { id, at }), h(Tree, { value: rest }));
    }),
  ),
  h('p', { class: 'quiet' }, `Folded up to position ${position}. State hash `, h('code', null, stateHash)),
];
