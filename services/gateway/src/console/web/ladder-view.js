import { h } from 'preact';
import { useEffect, useMemo, useState } from 'preact/hooks';
import { useWidth } from './hooks.js';
import { layOut } from './ladder.js';
import { moveFocus } from './parts.js';
import { clockOf, sinceOf, spanOf } from './time.js';

/** @import { Entry, Ladder, LadderRow, Lane, Step, Timeline } from './shapes.ts' */

/**
 * What ladder and table are made of. `now`: the moment that is looked at; `start`: the one that times are counted from.
 * @typedef {{
 *   readonly steps: readonly Step[],
 *   readonly timeline: Timeline,
 *   readonly now: number,
 *   readonly start: number,
 *   readonly selected: Entry | null,
 *   readonly select: (entry: Entry) => void,
 * }} Shown
 */

/** @type {Readonly<Record<Lane, string>>} */
export const LANE_NAMES = { offerer: 'Offerer', server: 'Server', answerer: 'Answerer', others: 'Others' };

/** @param {Step} step */
export const wayInWords = ({ from, to }) =>
  from === to ? LANE_NAMES[from] : `${LANE_NAMES[from]} → ${LANE_NAMES[to]}`;

/** @param {Shown} props */
export const LadderView = ({ steps, timeline, now, start, selected, select }) => {
  const [box, width] = useWidth();
  const { offerer, answerer, verdict } = timeline;
  const ladder = useMemo(() => layOut(steps, { width, offerer, answerer }), [steps, width]);
  const [focused, setFocused] = useState(0);
  useEffect(() => {
    const rows = [...(box.current?.querySelectorAll('g.row.selected') ?? [])];
    rows[0]?.scrollIntoView({ block: 'nearest' });
  }, [selected, width > 0]);
  const evidence = verdict.evidence.map(({ eventId }) => eventId);

  return h(
    'div',
    { class: 'ladder', ref: box },
    width > 0 &&
      h(
        'svg',
        {
          ...{ width, height: ladder.height, viewBox: `0 0 ${width} ${ladder.height}`, role: 'group' },
          'aria-label': 'Ladder diagram. Arrow keys move from row to row, Enter opens the event.',
          onKeyDown: (/** @type {any} */ event) => moveFocus(event, 'g.row'),
        },
        h(Lanes, { ladder }),
        ladder.rows.map((row, index) =>
          h(Row, {
            ...{ key: row.step.key, row, ladder, start, isFuture: row.step.at > now },
            isSelected: row.step.entry.eventId === selected?.eventId,
            evidence: evidence.indexOf(row.step.entry.eventId) + 1,
            isInTabOrder: index === Math.min(focused, ladder.rows.length - 1),
            focus: () => setFocused(index),
            open: () => select(row.step.entry),
          }),
        ),
        h(Now, { ladder, now }),
      ),
  );
};

/** @param {{ readonly ladder: Ladder }} props */
const Lanes = ({ ladder: { lanes, height } }) =>
  lanes.map(({ lane, x, identity, text }) =>
    h(
      'g',
      { key: lane, class: 'lane' },
      h('line', { class: `lifeline ${lane}`, x1: x, y1: 46, x2: x, y2: height - 6 }),
      h('text', { class: 'name', x, y: 18, 'text-anchor': 'middle' }, LANE_NAMES[lane]),
      h('text', { class: 'identity', x, y: 35, 'text-anchor': 'middle' }, text, h('title', null, identity)),
    ),
  );

/** Where the past ends. @param {{ readonly ladder: Ladder, readonly now: number }} props */
const Now = ({ ladder: { rows, width }, now }) => {
  const next = rows.find(({ step }) => step.at > now);
  if (!next) return null;
  const y = next.top - (next.silence === null ? 0 : 26);
  return h('line', { class: 'now', x1: 0, x2: width, y1: y + 1, y2: y + 1 });
};

/**
 * @param {{
 *   readonly row: LadderRow,
 *   readonly ladder: Ladder,
 *   readonly start: number,
 *   readonly isFuture: boolean,
 *   readonly isSelected: boolean,
 *   readonly evidence: number,
 *   readonly isInTabOrder: boolean,
 *   readonly focus: () => void,
 *   readonly open: () => void,
 * }} props `evidence`: its number in the verdict, 0 when it is none
 */
const Row = ({ row, ladder, start, isFuture, isSelected, evidence, isInTabOrder, focus, open }) => {
  const { step, top, height, y, silence } = row;
  const { wide, width } = ladder;
  const since = sinceOf(step.at - start);
  const says = [
    `${clockOf(step.at)}, ${since}. ${wayInWords(step)}: ${step.label}`,
    evidence > 0 && `Evidence ${evidence} of the verdict`,
    isFuture && 'Still to come',
  ];
  const classes = ['row', step.mark, isFuture && 'future', isSelected && 'selected', evidence > 0 && 'evidence'];
  return [
    silence !== null &&
      h(
        'text',
        { key: 'silence', class: 'silence', x: ladder.lanes[1]?.x ?? 0, y: top - 8, 'text-anchor': 'middle' },
        `${spanOf(silence)} of silence`,
      ),
    h(
      'g',
      {
        ...{ key: 'row', class: classes.filter(Boolean).join(' '), role: 'button', tabIndex: isInTabOrder ? 0 : -1 },
        ...{ 'aria-label': says.filter(Boolean).join('. '), 'aria-pressed': isSelected, onClick: open, onFocus: focus },
        onKeyDown: (/** @type {KeyboardEvent} */ event) => {
          if (event.key !== 'Enter' && event.key !== ' ') return;
          event.preventDefault();
          open();
        },
      },
      h('rect', { class: 'hit', x: 1, y: top + 2, width: Math.max(width - 2, 0), height: height - 3, rx: 6 }),
      h(
        'text',
        { class: 'time', x: 8, y: wide ? y + 4 : top + 18 },
        clockOf(step.at),
        h('tspan', { class: 'since', dx: 8 }, since),
      ),
      h(Arrow, { row }),
      h('text', { class: 'label', x: row.textX, y: y - 8, 'text-anchor': row.anchor }, row.text),
      evidence > 0 &&
        h(
          'g',
          { class: 'badge' },
          h('circle', { cx: width - 13, cy: top + (wide ? 16 : 14), r: 9 }),
          h('text', { x: width - 13, y: top + (wide ? 20 : 18), 'text-anchor': 'middle' }, evidence),
        ),
    ),
  ];
};

/** A note on its lifeline, an arrow, or an arrow that was stopped before it arrived. @param {{ readonly row: LadderRow }} props */
const Arrow = ({ row: { step, y, x1, x2 } }) => {
  if (x1 === x2) return h('circle', { class: 'dot', cx: x1, cy: y, r: 4.5 });
  const right = x2 > x1 ? 1 : -1;
  if (step.mark === 'refused') {
    const stop = x2 - right * 22;
    return h(
      'g',
      { class: 'arrow' },
      h('line', { x1, y1: y, x2: stop - right * 7, y2: y }),
      h('path', { class: 'cross', d: `M${stop - 5} ${y - 5}l10 10m0-10l-10 10` }),
    );
  }
  return h(
    'g',
    { class: 'arrow' },
    h('circle', { class: 'tail', cx: x1, cy: y, r: 3 }),
    h('line', { x1, y1: y, x2: x2 - right * 8, y2: y }),
    h('path', { class: 'head', d: `M${x2} ${y}l${-right * 10} -4.5v9z` }),
  );
};
