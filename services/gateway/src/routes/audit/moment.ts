import type { Moment } from '@signalbox/audit';

/** What `?at=` or `?revision=` asks for; without either, now. */
export const momentOf = ({
  at,
  revision,
}: {
  readonly at?: number | undefined;
  readonly revision?: number | undefined;
}): Moment => {
  if (at !== undefined) return { at };
  return revision === undefined ? null : { revision };
};

/** Clocks of different machines may differ by so much; nobody asks for a moment that is closer. */
const CLOCKS_DIFFER_MS = 5_000;

/** What has yet to happen is in no log: an answer would be of now, and be taken for one of then. Null: it may be asked for. */
export const futureProblem = (at: number | undefined, now: number): { readonly detail: string } | null =>
  at === undefined || at <= now + CLOCKS_DIFFER_MS
    ? null
    : {
        detail:
          `at=${at} is in the future: it is ${now} here, in epoch milliseconds. The log knows nothing of it yet. Ask for a ` +
          'moment that has passed.',
      };
