import { h } from 'preact';
import { wayInWords } from './ladder-view.js';
import { Moment, moveFocus } from './parts.js';
import { clockOf, sinceOf } from './time.js';

/** @import { Shown } from './ladder-view.js' */

/** The ladder for who reads rather than looks. @param {Shown} props */
export const LadderTable = ({ steps, now, start, selected, select }) =>
  h(
    'div',
    { class: 'scroll', tabIndex: 0, role: 'region', 'aria-label': 'What happened, as a table' },
    h(
      'table',
      { class: 'steps', onKeyDown: (/** @type {any} */ event) => moveFocus(event, 'button') },
      h(
        'thead',
        null,
        h(
          'tr',
          null,
          ['Time (UTC)', 'Since the offer', 'Way', 'What'].map((name) => h('th', { key: name, scope: 'col' }, name)),
        ),
      ),
      h(
        'tbody',
        null,
        steps.map((step) =>
          h(
            'tr',
            { key: step.key, class: step.at > now ? `${step.mark} future` : step.mark },
            h('td', null, h(Moment, { at: step.at, text: clockOf(step.at) })),
            h('td', null, sinceOf(step.at - start)),
            h('td', null, wayInWords(step)),
            h(
              'td',
              null,
              h(
                'button',
                {
                  ...{ type: 'button', class: 'link', 'aria-pressed': step.entry.eventId === selected?.eventId },
                  onClick: () => select(step.entry),
                },
                step.label,
              ),
            ),
          ),
        ),
      ),
    ),
  );
