/** Something with a name that comes to a time (epoch milliseconds). */
export type Deadline = { readonly at: number; readonly key: string };

/** Earliest first; the name tells apart what comes at the same time. */
export const byTime = (a: Deadline, b: Deadline): number => a.at - b.at || (a.key < b.key ? -1 : a.key > b.key ? 1 : 0);

/** Whether it has come at `now`. */
export const cameBy =
  (now: number) =>
  (deadline: Deadline): boolean =>
    deadline.at <= now;
