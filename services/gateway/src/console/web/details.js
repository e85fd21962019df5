import { h } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { addressOf } from './address.js';
import { SessionLink, Tree } from './parts.js';
import { inWords } from './steps.js';

/** @import { Entry } from './shapes.ts' */

/**
 * All that is known of one event, beside what it was chosen from. Takes the focus, and gives it back.
 * @param {{ readonly entry: Entry, readonly session: string | null, readonly close: () => void }} props `session`: where
 *   it happened, when that is not what is shown
 */
export const Details = ({ entry, session, close }) => {
  const heading = useRef(/** @type {HTMLHeadingElement | null} */ (null));
  const cameFrom = useRef(document.activeElement);
  useEffect(() => {
    heading.current?.focus();
  }, [entry.eventId]);
  useEffect(() => {
    const listen = (/** @type {KeyboardEvent} */ event) => {
      if (event.key === 'Escape') close();
    };
    addEventListener('keydown', listen);
    return () => {
      removeEventListener('keydown', listen);
      const { current } = cameFrom;
      if (current instanceof HTMLElement || current instanceof SVGElement) current.focus();
    };
  }, []);

  const { payload, authorisation, traceId } = entry;
  return h(
    'aside',
    { class: 'details', 'aria-labelledby': 'details-title' },
    h(
      'div',
      { class: 'bar' },
      h('h2', { id: 'details-title', tabIndex: -1, ref: heading }, inWords(entry.type)),
      h('button', { type: 'button', class: 'plain', onClick: close }, 'Close', h('kbd', null, 'Esc')),
    ),
    session !== null && h('p', null, h(SessionLink, { id: session, event: entry.eventId }, 'Show it in its call')),
    h('h3', null, 'Payload'),
    payload === null
      ? h(
          'p',
          { class: 'unreadable' },
          'Unreadable: its key has been destroyed. Everything else about it still stands.',
        )
      : h(Tree, { value: payload }),
    h('h3', null, 'Envelope'),
    h(Tree, { value: envelopeOf(entry) }),
    traceId &&
      h('p', null, h('a', { href: addressOf({ view: 'search', text: `trace:${traceId}` }) }, 'Calls of this trace')),
    h('h3', null, 'Who asked for it'),
    authorisation === null ? h('p', { class: 'quiet' }, 'Nothing is kept of that.') : h(Tree, { value: authorisation }),
    h('h3', null, 'Chain'),
    h(Tree, { value: { hash: entry.hash ?? 'none', 'hash before': entry.previousHash ?? 'none' } }),
  );
};

/** @param {Entry} entry */
const envelopeOf = ({ position, stream, revision, at, type, schemaVersion, eventId, actor, ...rest }) => ({
  ...{ at, position, stream, revision, actor, type: `${type} v${schemaVersion}`, 'event id': eventId },
  ...{ correlation: rest.correlationId, causation: rest.causationId, trace: rest.traceId ?? 'none' },
  ...{ key: rest.keyId ?? 'not sealed', bytes: rest.size },
});
