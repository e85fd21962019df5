/** @import { Ladder, LadderRow, Lane, Step, Timeline } from './shapes.ts' */

/** Below this the times have no column of their own. */
const WIDE = 640;
const TIMES = 172;
const HEAD = 58;
const FOOT = 16;
const SILENCE = 26;
/** Nothing for this long is marked, since rows do not grow with time. */
export const SILENT_MS = 5_000;
/** Of one character of a label at its size, in a wide font: what is cut by it fits. Some labels are bold. */
const CHARACTER = 7.2;
const BOLD_CHARACTER = 8.3;
/** Of an identity, with a little room between two of them. */
const SMALL_CHARACTER = 7.2;
/** @type {readonly Step['mark'][]} */
const BOLD = ['good', 'bad', 'refused'];

/** @type {readonly Lane[]} */
const LANES = ['offerer', 'server', 'answerer', 'others'];

/**
 * Where everything on the ladder stands. Pure: the same steps and width give the same ladder.
 * @param {readonly Step[]} steps
 * @param {{ readonly width: number } & Pick<Timeline, 'offerer' | 'answerer'>} options
 * @returns {Ladder}
 */
export const layOut = (steps, { width, offerer, answerer }) => {
  const wide = width >= WIDE;
  const left = wide ? TIMES : 0;
  const shown = LANES.filter((lane) => lane !== 'others' || steps.some(({ from, to }) => from === lane || to === lane));
  const share = (width - left) / shown.length;
  const xOf = /** @param {Lane} lane */ (lane) => Math.round(left + share * (shown.indexOf(lane) + 0.5));

  const rowHeight = wide ? 46 : 62;
  let top = HEAD;
  const rows = steps.map((step, index) => {
    const silent = step.at - (steps[index - 1]?.at ?? step.at);
    const silence = silent >= SILENT_MS ? silent : null;
    if (silence !== null) top += SILENCE;
    const row = rowAt(step, { top, height: rowHeight, left, width, xOf });
    top += rowHeight;
    return { ...row, silence };
  });

  const identities = { offerer: offerer ?? '', server: '', answerer: answerer ?? '', others: '' };
  return {
    ...{ width, wide, rows, height: top + FOOT },
    lanes: shown.map((lane) => {
      const identity = identities[lane];
      return { lane, x: xOf(lane), identity, text: shortened(identity, Math.floor(share / SMALL_CHARACTER)) };
    }),
  };
};

/**
 * @param {Step} step
 * @param {{ readonly top: number, readonly height: number, readonly left: number, readonly width: number, readonly xOf: (lane: Lane) => number }} at
 * @returns {Omit<LadderRow, 'silence'>}
 */
const rowAt = (step, { top, height, left, width, xOf }) => {
  const [x1, x2] = [xOf(step.from), xOf(step.to)];
  const y = top + height - 14;
  const place = (
    /** @type {number} */ textX,
    /** @type {LadderRow['anchor']} */ anchor,
    /** @type {number} */ room,
  ) => ({
    ...{ step, top, height, y, x1, x2, textX, anchor },
    text: shortened(step.label, Math.floor(room / (BOLD.includes(step.mark) ? BOLD_CHARACTER : CHARACTER))),
  });
  // A label begins at the outer end of its arrow and may run across the other lifelines.
  if (step.from === step.to) return place(x1, 'middle', 2 * Math.min(x1 - left, width - x1));
  const outer = step.from === 'server' ? x2 : x1;
  return outer < xOf('server')
    ? place(outer + 8, 'start', width - outer - 8)
    : place(outer - 8, 'end', outer - 8 - left);
};

/** @param {string} text @param {number} length */
export const shortened = (text, length) =>
  text.length <= length ? text : `${text.slice(0, Math.max(length - 1, 1))}…`;
