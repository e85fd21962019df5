/** Something with a name that comes to a time (epoch milliseconds). */
export type Deadline = { readonly at: number; readonly key: string };

export const byText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** Earliest first; the name tells apart what comes at the same time. */
export const byTime = (a: Deadline, b: Deadline): number => a.at - b.at || byText(a.key, b.key);

/** Whether it has come at `now`. */
export const cameBy =
  (now: number) =>
  (deadline: Deadline): boolean =>
    deadline.at <= now;
