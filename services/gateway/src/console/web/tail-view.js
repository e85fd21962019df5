import { h } from 'preact';
import { useRef, useState } from 'preact/hooks';
import { Details } from './details.js';
import { usePolled } from './hooks.js';
import { Moment, moveFocus } from './parts.js';
import { inWords } from './steps.js';
import { clockOf } from './time.js';

/** @import { Api } from './api.js' */
/** @import { Browser, Entry } from './shapes.ts' */

/** Between two answers: many events at once are one page. */
const PAUSE_MS = 500;
const PAGE = 100;
/** More would make the page slow; the log itself has them all. */
const KEPT = 400;

/**
 * The newest events, as they are written.
 * @param {{ readonly api: Api, readonly browser: Browser }} props
 */
export const TailView = ({ api, browser }) => {
  const [entries, setEntries] = useState(/** @type {readonly Entry[]} */ ([]));
  const [paused, setPaused] = useState(false);
  const [filter, setFilter] = useState('');
  const [open, setOpen] = useState(/** @type {Entry | null} */ (null));
  /** Where to go on from; null before the first page. */
  const place = useRef(/** @type {string | null} */ (null));
  const problem = usePolled(
    browser,
    { everyMs: PAUSE_MS, paused },
    (signal) => (place.current === null ? api.newestEvents(PAGE, signal) : api.eventsAfter(place.current, signal)),
    ({ events, cursor, resume }) => {
      place.current = (place.current === null ? null : cursor) ?? resume;
      if (events.length === 0) return;
      setEntries((before) => {
        // The first page may hold what was recorded while it was made; the next one has it again.
        const newest = before[0]?.position ?? 0;
        const fresh = events.filter(({ position }) => position > newest).toSorted((a, b) => b.position - a.position);
        return [...fresh, ...before].slice(0, KEPT);
      });
    },
  );
  const wanted = filter.trim().toLowerCase();
  const shown = entries.filter(({ type, stream, actor }) =>
    [type, stream, actor].some((text) => text.toLowerCase().includes(wanted)),
  );

  return [
    h(
      'div',
      { class: 'bar' },
      h('h1', null, 'Live log'),
      h(
        'button',
        { type: 'button', 'aria-pressed': paused, onClick: () => setPaused(!paused) },
        paused ? 'Go on' : 'Pause',
      ),
      h(
        'label',
        { class: 'filter' },
        'Only with',
        h('input', {
          ...{ type: 'search', value: filter, placeholder: 'type, stream or actor', spellcheck: false },
          onInput: (/** @type {any} */ event) => setFilter(event.currentTarget.value),
        }),
      ),
    ),
    h(
      'p',
      { class: 'quiet', role: 'status' },
      paused ? 'Paused.' : `Shown as it is written. ${shown.length} of ${entries.length} shown.`,
    ),
    problem && h('p', { class: 'problem', role: 'alert' }, problem),
    h(
      'ol',
      {
        ...{ class: 'events', role: 'log', 'aria-label': 'Events, newest first', 'aria-live': 'off' },
        onKeyDown: (/** @type {any} */ event) => moveFocus(event, 'button'),
      },
      shown.map((entry) =>
        h(
          'li',
          { key: entry.eventId },
          h(
            'button',
            {
              type: 'button',
              class: 'event',
              'aria-pressed': open?.eventId === entry.eventId,
              onClick: () => setOpen(entry),
            },
            h(Moment, { at: entry.at, text: clockOf(entry.at) }),
            h('span', { class: 'position' }, `#${entry.position}`),
            h('b', null, inWords(entry.type)),
            h('span', { class: 'stream' }, entry.stream),
            h('span', { class: 'actor' }, entry.actor),
          ),
        ),
      ),
    ),
    open && h(Details, { entry: open, session: sessionOf(open), close: () => setOpen(null) }),
  ];
};

/** The session that an event belongs to, if any. @param {Entry} entry */
const sessionOf = ({ stream }) => /^(?:session|observation)-(.+)$/.exec(stream)?.[1] ?? null;
