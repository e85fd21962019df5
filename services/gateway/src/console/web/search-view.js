import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { addressOf } from './address.js';
import { useLoaded } from './hooks.js';
import { Moment, moveFocus, Problem, Signal } from './parts.js';
import { readSearch } from './search.js';
import { spanOf } from './time.js';

/** @import { Api } from './api.js' */
/** @import { Browser, FoundSession, Search } from './shapes.ts' */

const go = (/** @type {string} */ text) => {
  location.hash = addressOf({ view: 'search', text });
};

/** @param {{ readonly api: Api, readonly browser: Browser, readonly text: string }} props */
export const SearchView = ({ api, browser, text }) => {
  const sought = readSearch(text, browser.now());
  useEffect(() => {
    if (sought.kind === 'session')
      location.replace(addressOf({ view: 'session', id: sought.id, at: null, event: null }));
  }, [text]);
  return [
    h('h1', { class: 'sr' }, 'Calls'),
    h(SearchBox, { key: text, text }),
    sought.kind === 'unclear' &&
      h(
        'p',
        { class: 'problem', role: 'alert' },
        sought.why,
        sought.instead.map((one) => [' ', h('a', { key: one, href: addressOf({ view: 'search', text: one }) }, one)]),
      ),
    sought.kind === 'search' && h(Results, { key: text, api, browser, search: sought.search }),
  ];
};

/** @param {{ readonly text: string }} props */
const SearchBox = ({ text }) => {
  /** @param {SubmitEvent & { readonly currentTarget: HTMLFormElement }} event */
  const submit = (event) => {
    event.preventDefault();
    const form = new FormData(event.currentTarget);
    const given = (/** @type {string} */ name) => String(form.get(name) ?? '').trim();
    // A time in a field of its own takes the place of one in the text.
    const times = ['from', 'to'].filter((name) => given(name) !== '');
    const words = given('q')
      .split(/\s+/)
      .filter((word) => !times.some((name) => word.startsWith(`${name}:`)));
    go([...words, ...times.map((name) => `${name}:${given(name)}`)].join(' ').trim());
  };
  return h(
    'form',
    { class: 'search', role: 'search', onSubmit: submit },
    h('label', { for: 'search', class: 'sr' }, 'Search calls'),
    h('input', {
      ...{ id: 'search', name: 'q', type: 'search', defaultValue: text, autocomplete: 'off', spellcheck: false },
      ...{ placeholder: 'tag:chat, identity:…, trace:…, or a session id', 'aria-describedby': 'search-note' },
    }),
    h('button', { type: 'submit' }, 'Search'),
    h(
      'div',
      { class: 'times' },
      h('label', null, 'From', h('input', { name: 'from', type: 'datetime-local', step: 1 })),
      h('label', null, 'to', h('input', { name: 'to', type: 'datetime-local', step: 1 })),
      h('span', { class: 'quiet' }, 'UTC'),
    ),
    h(
      'p',
      { id: 'search-note', class: 'quiet' },
      h('kbd', null, '/'),
      ' leads here. Words add up: ',
      h('code', null, 'tag:chat from:-15m'),
      '. Nothing at all finds the newest calls.',
    ),
  );
};

/** @param {{ readonly api: Api, readonly browser: Browser, readonly search: Search }} props */
const Results = ({ api, browser, search }) => {
  const [found, setFound] = useState(/** @type {readonly FoundSession[]} */ ([]));
  const [cursor, setCursor] = useState(/** @type {string | null} */ (null));
  const page = useLoaded(cursor ?? 'first', async (signal) => {
    const answer = await api.search(search, cursor, signal);
    setFound((before) => [...before, ...answer.sessions]);
    return answer;
  });
  const next = page.value?.cursor ?? null;
  const status = page.loading ? 'Searching …' : found.length === 0 ? 'No call was found.' : inAll(found.length, next);
  return [
    h('p', { class: 'quiet', role: 'status' }, page.problem === null && status),
    h(Problem, { problem: page.problem }),
    h(
      'ol',
      {
        class: 'results',
        'aria-label': 'Calls, newest first',
        onKeyDown: (/** @type {any} */ event) => moveFocus(event, 'a.result'),
      },
      found.map((one) => h(Result, { key: one.sessionId, found: one, now: browser.now() })),
    ),
    next !== null &&
      h('button', { type: 'button', disabled: page.loading, onClick: () => setCursor(next) }, 'Show older calls'),
  ];
};

/** @param {number} count @param {string | null} next */
const inAll = (count, next) =>
  `${count} ${count === 1 ? 'call' : 'calls'}${next === null ? '' : ', and there are more'}`;

/** Every call ends some day: only one that ended unanswered is told by its state. @param {FoundSession} found */
const signalOf = ({ state, answerer }) => {
  if (state === 'open' || state === 'answered') return 'clear';
  return state === 'expired' && answerer === null ? 'stop' : 'neutral';
};

/** @param {{ readonly found: FoundSession, readonly now: number }} props */
const Result = ({ found, now }) => {
  const { sessionId, publisher, answerer, tags, state, publishedAt, endedAt } = found;
  return h(
    'li',
    null,
    h(
      'a',
      { class: 'result', href: addressOf({ view: 'session', id: sessionId, at: null, event: null }) },
      h(Signal, { kind: signalOf(found) }, state),
      h(
        'span',
        { class: 'parties' },
        h('b', null, publisher),
        h('span', { 'aria-label': 'answered by' }, ' → '),
        answerer === null ? h('span', { class: 'quiet' }, 'nobody') : h('b', null, answerer),
      ),
      h(
        'span',
        { class: 'tags' },
        tags.map((tag) => h('span', { key: tag, class: 'tag' }, tag)),
      ),
      h(
        'span',
        { class: 'when' },
        h(Moment, { at: publishedAt }),
        h(
          'span',
          { class: 'quiet' },
          endedAt === null
            ? ` · ${spanOf(Math.max(now - publishedAt, 0))} ago`
            : ` · lived ${spanOf(endedAt - publishedAt)}`,
        ),
      ),
      h('code', { class: 'id' }, sessionId),
    ),
  );
};
