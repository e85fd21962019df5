/** By how much the clocks of two instances may differ. */
const SKEW_MS = 1_000;

/** Below this many it is not worth looking for what may be forgotten. */
const FEW = 1_000;

/**
 * The nonces that this instance has granted to requests signed only just before its clock, or ahead of it. A request
 * that was signed earlier needs no memory: after a loss it is refused for its time.
 */
export const recentNonces = ({ windowMs }: { readonly windowMs: number }) => {
  const expiries = new Map<string, number>();
  let forgetAt = FEW;

  const matters = (expiresAt: number, now: number) => expiresAt - windowMs - 1 >= now - SKEW_MS;

  const forget = (now: number) => {
    for (const [used, expiresAt] of expiries) if (!matters(expiresAt, now)) expiries.delete(used);
    forgetAt = Math.max(FEW, 2 * expiries.size);
  };

  return {
    has: (used: string): boolean => expiries.has(used),
    add: (used: string, expiresAt: number, now: number): void => {
      if (!matters(expiresAt, now)) return;
      expiries.set(used, expiresAt);
      if (expiries.size >= forgetAt) forget(now);
    },
    /** Those that matter at `now`, with their expiry. */
    all: (now: number): [used: string, expiresAt: number][] => {
      forget(now);
      return [...expiries];
    },
    /** Forgets what does not matter at `now` any more. */
    forget,
  };
};
