import { h } from 'preact';
import { SessionLink, Signal } from './parts.js';
import { clockOf } from './time.js';

/** @import { Entry, Verdict } from './shapes.ts' */

/** @type {Readonly<Record<Verdict['outcome'], readonly [kind: string, word: string]>>} */
const OUTCOMES = {
  connected: ['clear', 'Connected'],
  failed: ['stop', 'Failed'],
  waiting: ['caution', 'Waiting'],
  unknown: ['neutral', 'Outcome not known'],
};

/** @param {string} cause */
const causeInWords = (cause) => cause.replaceAll('_', ' ');

/**
 * What became of the call, and the events that say so.
 * @param {{ readonly id: string, readonly verdict: Verdict, readonly entries: readonly Entry[] }} props
 */
export const VerdictView = ({ id, verdict, entries }) => {
  const { outcome, cause, certain, sentence, evidence, advice, alternatives, contradiction } = verdict;
  const [kind, word] = OUTCOMES[outcome];
  return h(
    'section',
    { class: `card verdict ${kind}`, 'aria-label': 'Verdict' },
    h(
      'p',
      { class: 'outcome' },
      h(Signal, { kind }, word),
      h('code', { class: 'cause' }, cause),
      h('span', { class: certain ? 'certain' : 'likely' }, certain ? 'certain' : 'likely, not certain'),
    ),
    h('p', { class: 'sentence' }, sentence),
    contradiction !== null &&
      h('p', { class: 'contradiction', role: 'note' }, h('b', null, 'This does not fit: '), contradiction),
    h(
      'div',
      { class: 'grounds' },
      evidence.length > 0 &&
        h(
          'div',
          null,
          h('h2', null, 'It rests on'),
          h(
            'ol',
            { class: 'evidence' },
            evidence.map(({ eventId, position, says }) => {
              const at = entries.find((entry) => entry.eventId === eventId)?.at;
              return h(
                'li',
                { key: `${position} ${says}` },
                h(SessionLink, { id, event: eventId }, says),
                h('span', { class: 'quiet' }, ` ${at === undefined ? '' : clockOf(at)} #${position}`),
              );
            }),
          ),
        ),
      advice.length > 0 &&
        h(
          'div',
          null,
          h('h2', null, 'What to try'),
          h(
            'ul',
            null,
            advice.map((one) => h('li', { key: one }, one)),
          ),
        ),
      alternatives.length > 0 &&
        h(
          'div',
          null,
          h('h2', null, 'It may also be'),
          h(
            'ul',
            null,
            alternatives.map((one) => h('li', { key: one }, causeInWords(one))),
          ),
        ),
    ),
  );
};
