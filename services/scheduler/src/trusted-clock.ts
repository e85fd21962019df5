import type { Clock } from '@signalbox/runtime';

/** A log is rarely quiet for so long. */
const QUIET_MS = 24 * 3_600_000;
/** A clock that is set right moves by less. */
const JUMP_MS = 3_600_000;
/** How long a clock that moved too far is not believed: time for somebody to see the warning. */
const DOUBT_MS = 3_600_000;

/**
 * Whether the clock is to be believed where a mistake can't be undone. One that is far ahead of the last event when it is
 * first asked, or that moves otherwise than time passes, is doubted for an hour; `onDoubt` is told by how much it is off.
 */
export const trustedClock = (options: {
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  /** Of the last event in the log, epoch milliseconds; null for an empty log. */
  readonly lastRecordedAt: number | null;
  readonly onDoubt: (aheadMs: number) => void;
}): (() => boolean) => {
  const { clock, lastRecordedAt, onDoubt } = options;
  let seen = { wall: clock.now(), monotonic: clock.monotonic() };
  let doubtedUntil = Number.NEGATIVE_INFINITY;
  const doubt = (aheadMs: number) => {
    doubtedUntil = clock.monotonic() + DOUBT_MS;
    onDoubt(aheadMs);
  };
  if (lastRecordedAt !== null && seen.wall - lastRecordedAt > QUIET_MS) doubt(seen.wall - lastRecordedAt);
  return () => {
    const next = { wall: clock.now(), monotonic: clock.monotonic() };
    const aheadMs = next.wall - seen.wall - (next.monotonic - seen.monotonic);
    seen = next;
    if (Math.abs(aheadMs) > JUMP_MS) doubt(aheadMs);
    return next.monotonic >= doubtedUntil;
  };
};
