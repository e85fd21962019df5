import { h } from 'preact';
import { useRef } from 'preact/hooks';
import { useLoaded, useSettled } from './hooks.js';
import { Problem, Tree } from './parts.js';
import { momentAt } from './scrubber.js';
import { clockOf } from './time.js';

/** @import { Api } from './api.js' */
/** @import { Browser, StateAt } from './shapes.ts' */

/** The past does not change, so each of its moments is asked for once; nobody waits at those that are only passed. */
const REST_MS = 120;

/**
 * The state of the session at a moment, as the server folds it, and what differs from the moment before.
 * @param {{ readonly api: Api, readonly browser: Browser, readonly id: string, readonly moments: readonly number[], readonly now: number }} props
 */
export const StateView = ({ api, browser, id, moments, now }) => {
  const cache = useRef(/** @type {Map<number, Promise<StateAt>>} */ (new Map())).current;
  const at = useSettled(browser, now, REST_MS);
  const stateAt = (/** @type {number} */ moment) => {
    const known = cache.get(moment);
    if (known) return known;
    const asked = api.stateAt(id, moment);
    cache.set(moment, asked);
    asked.catch(() => cache.delete(moment));
    return asked;
  };
  const here = momentAt(moments, at);
  const earlier = here > 0 ? moments[here - 1] : undefined;
  const { value, problem, loading } = useLoaded(String(at), async () => {
    const [state, before] = await Promise.all([stateAt(at), earlier === undefined ? null : stateAt(earlier)]);
    return { at, state, before };
  });
  return h(
    'section',
    { class: 'card state', 'aria-labelledby': 'state-title', 'aria-busy': loading },
    h('h2', { id: 'state-title' }, 'State at ', h('span', { class: 'clock' }, clockOf(value?.at ?? now))),
    h(Problem, { problem }),
    value && [
      value.state.overdue &&
        h(
          'p',
          { class: 'problem' },
          `It was to end at ${clockOf(value.state.dueAt ?? 0)}: from then on nobody could use it, though the log did not say so yet.`,
        ),
      h(Tree, { value: value.state.state, before: value.before === null ? value.state.state : value.before.state }),
      h(
        'p',
        { class: 'quiet hash' },
        `Revision ${value.state.revision}, position ${value.state.position}. `,
        'State hash ',
        h('code', null, value.state.stateHash),
      ),
    ],
  );
};
