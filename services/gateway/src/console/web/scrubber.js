import { h } from 'preact';
import { useEffect, useState } from 'preact/hooks';
import { clockOf, sinceOf } from './time.js';

/** @import { Browser, Step } from './shapes.ts' */

const PLAY_MS = 700;

/** The last moment that is not later; the first when all are. @param {readonly number[]} moments @param {number} now */
export const momentAt = (moments, now) =>
  Math.max(
    0,
    moments.findLastIndex((moment) => moment <= now),
  );

/**
 * Moves through the moments at which something happened. What lies between two of them is the same everywhere, so each is
 * one step, however long it lasted; the strip below shows the true distances.
 * @param {{
 *   readonly browser: Browser,
 *   readonly steps: readonly Step[],
 *   readonly moments: readonly number[],
 *   readonly now: number,
 *   readonly change: (at: number) => void,
 * }} props
 */
export const Scrubber = ({ browser, steps, moments, now, change }) => {
  const [playing, setPlaying] = useState(false);
  const here = momentAt(moments, now);
  const last = moments.length - 1;
  const start = moments[0] ?? 0;
  const to = (/** @type {number} */ index) => change(moments[Math.min(Math.max(index, 0), last)] ?? now);

  useEffect(() => {
    if (!playing) return;
    if (here >= last) return setPlaying(false);
    return browser.after(PLAY_MS, () => to(here + 1));
  }, [playing, here]);

  const play = () => {
    if (!playing && here >= last) to(0);
    setPlaying(!playing);
  };
  const labels = steps.filter((step) => step.at === moments[here]).map(({ label }) => label);
  return h(
    'section',
    { class: 'scrubber', 'aria-label': 'Time travel' },
    h('button', { type: 'button', class: 'play', onClick: play }, playing ? 'Pause' : 'Play'),
    h(
      'div',
      { class: 'track' },
      h('input', {
        ...{ type: 'range', min: 0, max: last, step: 1, value: here, id: 'scrubber' },
        'aria-label': 'Moment',
        'aria-valuetext': `${here + 1} of ${last + 1}, ${clockOf(now)}, ${sinceOf(now - start)}: ${labels.join('; ')}`,
        onInput: (/** @type {any} */ event) => {
          setPlaying(false);
          to(Number(event.currentTarget.value));
        },
      }),
      h(Strip, { moments, now }),
    ),
    h(
      'p',
      { class: 'moment' },
      h('output', { for: 'scrubber' }, clockOf(now)),
      h('span', { class: 'quiet' }, ` ${sinceOf(now - start)} · ${here + 1} of ${last + 1}`),
    ),
  );
};

/** The same moments at their true distances. @param {{ readonly moments: readonly number[], readonly now: number }} props */
const Strip = ({ moments, now }) => {
  const start = moments[0] ?? 0;
  const span = Math.max((moments.at(-1) ?? 0) - start, 1);
  const x = (/** @type {number} */ at) => (996 * (Math.min(Math.max(at, start), start + span) - start)) / span;
  return h(
    'svg',
    { class: 'strip', viewBox: '0 0 1000 12', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    h('rect', { class: 'line', x: 0, y: 5, width: 1000, height: 1 }),
    moments.map((at) =>
      h('rect', { key: at, class: at <= now ? 'past' : 'future', x: x(at), y: 2, width: 3, height: 7 }),
    ),
    h('rect', { class: 'now', x: x(now), y: 0, width: 4, height: 12 }),
  );
};
