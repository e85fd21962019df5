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
