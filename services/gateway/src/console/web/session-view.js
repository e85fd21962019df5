import { h } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { addressOf } from './address.js';
import { Details } from './details.js';
import { useLoaded, useSettled } from './hooks.js';
import { LadderTable } from './ladder-table.js';
import { LadderView } from './ladder-view.js';
import { Moment, Problem } from './parts.js';
import { Scrubber } from './scrubber.js';
import { StateView } from './state-view.js';
import { stepsOf } from './steps.js';
import { clockOf, spanOf } from './time.js';
import { VerdictView } from './verdict-view.js';

/** @import { Api } from './api.js' */
/** @import { Browser, Entry, Refusal, Step, Timeline } from './shapes.ts' */

/** How long the scrubber rests before the address follows it: browsers refuse too many changes at once. */
const ADDRESS_MS = 250;

/**
 * One call: what became of it, what happened, and how it was at any moment.
 * @param {{ readonly api: Api, readonly browser: Browser, readonly id: string, readonly at: number | null, readonly event: string | null }} props
 */
export const SessionView = ({ api, browser, id, at, event }) => {
  const [times, setTimes] = useState(0);
  const { value, problem, loading } = useLoaded(`${id} ${times}`, (signal) => api.timeline(id, signal));
  return [
    h(
      'div',
      { class: 'bar' },
      h('h1', { class: 'id' }, 'Call ', h('code', null, id)),
      h(
        'button',
        { type: 'button', class: 'plain', disabled: loading, onClick: () => setTimes(times + 1) },
        'Read again',
      ),
    ),
    h(Problem, { problem }),
    value === null && loading && h('p', { class: 'quiet', role: 'status' }, 'Reading the record …'),
    value && h(Session, { key: times, api, browser, timeline: value, at, event }),
  ];
};

/** @param {{ readonly api: Api, readonly browser: Browser, readonly timeline: Timeline, readonly at: number | null, readonly event: string | null }} props */
const Session = ({ api, browser, timeline, at, event }) => {
  const { sessionId: id, entries, verdict, refusals } = timeline;
  const steps = useMemo(() => stepsOf(timeline), [timeline]);
  const moments = useMemo(() => [...new Set(steps.map((step) => step.at))], [steps]);
  const [asTable, setAsTable] = useState(false);
  const [shownAt, setShownAt] = useScrubbed(browser, { id, at, event });

  const first = moments[0];
  const last = moments.at(-1);
  if (first === undefined || last === undefined) return h(VerdictView, { id, verdict, entries });
  const now = shownAt ?? last;
  const selected = entries.find(({ eventId }) => eventId === event) ?? null;
  const select = (/** @type {Entry | null} */ entry) =>
    location.replace(addressOf({ view: 'session', id, at: shownAt, event: entry?.eventId ?? null }));
  const shown = { steps, timeline, now, start: first, selected, select };

  return [
    h(VerdictView, { id, verdict, entries }),
    h(Summary, { timeline, steps, first, last, now }),
    h(Scrubber, { browser, steps, moments, now, change: setShownAt }),
    h(
      'div',
      { class: 'call' },
      h(
        'section',
        { 'aria-labelledby': 'ladder-title' },
        h(
          'div',
          { class: 'bar' },
          h('h2', { id: 'ladder-title' }, 'What happened'),
          h(
            'div',
            { class: 'choice', role: 'group', 'aria-label': 'Show as' },
            [false, true].map((table) =>
              h(
                'button',
                {
                  key: String(table),
                  type: 'button',
                  'aria-pressed': asTable === table,
                  onClick: () => setAsTable(table),
                },
                table ? 'Table' : 'Ladder',
              ),
            ),
          ),
        ),
        asTable ? h(LadderTable, shown) : h(LadderView, shown),
        refusals.length > 0 && h(Refusals, { refusals }),
      ),
      h(StateView, { api, browser, id, moments, now }),
    ),
    selected && h(Details, { entry: selected, session: null, close: () => select(null) }),
  ];
};

/**
 * The moment that is looked at; null is the end. It moves at once, and the address follows.
 * @param {Browser} browser
 * @param {{ readonly id: string, readonly at: number | null, readonly event: string | null }} place
 */
const useScrubbed = (browser, { id, at, event }) => {
  const [shownAt, setShownAt] = useState(at);
  const settled = useSettled(browser, shownAt, ADDRESS_MS);
  useEffect(() => setShownAt(at), [at]);
  useEffect(() => {
    if (settled !== at && settled === shownAt) location.replace(addressOf({ view: 'session', id, at: settled, event }));
  }, [settled]);
  return /** @type {const} */ ([shownAt, setShownAt]);
};

/** @param {{ readonly timeline: Timeline, readonly steps: readonly Step[], readonly first: number, readonly last: number, readonly now: number }} props */
const Summary = ({ timeline: { state, offerer, answerer, redacted, entries }, first, last, now }) => {
  const tags = tagsOf(entries);
  return h(
    'dl',
    { class: 'summary' },
    h('div', null, h('dt', null, 'Offerer'), h('dd', null, offerer === null ? 'not known any more' : who(offerer))),
    h('div', null, h('dt', null, 'Answerer'), h('dd', null, answerer === null ? 'none' : who(answerer))),
    h('div', null, h('dt', null, 'State'), h('dd', null, redacted ? `${state}, payloads unreadable` : state)),
    h(
      'div',
      null,
      h('dt', null, 'Began'),
      h('dd', null, h(Moment, { at: first }), ` · ${spanOf(last - first)} on record`),
    ),
    tags.length > 0 &&
      h(
        'div',
        null,
        h('dt', null, 'Tags'),
        h(
          'dd',
          null,
          tags.map((tag) =>
            h(
              'a',
              {
                ...{ key: tag, class: 'tag', href: addressOf({ view: 'discovery', tag, at: String(now) }) },
                title: `What discovery showed for it at ${clockOf(now)}`,
              },
              tag,
            ),
          ),
        ),
      ),
  );
};

/** @param {string} identity */
const who = (identity) => h('a', { href: addressOf({ view: 'search', text: `identity:${identity}` }) }, identity);

/** @param {readonly Entry[]} entries @returns {readonly string[]} */
const tagsOf = (entries) => {
  const given = entries.find(({ type }) => type === 'OfferPublished')?.payload?.tags;
  return Array.isArray(given) ? given.filter((tag) => typeof tag === 'string') : [];
};

/** @param {{ readonly refusals: readonly Refusal[] }} props */
const Refusals = ({ refusals }) =>
  h(
    'div',
    { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'Refused requests' },
    h(
      'table',
      null,
      h('caption', null, 'What was refused'),
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          ['What', 'Code', 'By', 'Times', 'First'].map((name) => h('th', { key: name, scope: 'col' }, name)),
        ),
      ),
      h(
        'tbody',
        null,
        refusals.map(({ operation, code, identity, count, firstAt, detail }, index) =>
          h(
            'tr',
            { key: index },
            h('td', null, operation),
            h('td', null, h('code', null, code), detail && h('div', { class: 'quiet' }, detail)),
            h('td', { class: 'wrap' }, identity ?? 'nobody known'),
            h('td', null, count),
            h('td', null, h(Moment, { at: firstAt, text: clockOf(firstAt) })),
          ),
        ),
      ),
    ),
  );
