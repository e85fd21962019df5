import type { SessionQuota } from '@signalbox/commands';
import type { Sessions } from '@signalbox/read-models';

/**
 * Bounds the sessions of one process: what can be seen to live, and what is in flight. Places are taken before the
 * living are counted, and are held until those sessions can be seen, so that whoever asks meanwhile may count one
 * twice and is refused a place too early, but none is ever missed.
 */
export const memorySessionQuota = (options: {
  readonly sessions: Pick<Sessions, 'liveCount'>;
  readonly maxPerIdentity: number;
  readonly max: number;
}): SessionQuota => {
  const { sessions, maxPerIdentity, max } = options;
  const inFlight = new Map<string, number>();
  let inFlightInAll = 0;

  const move = (identity: string, by: number): number => {
    const count = (inFlight.get(identity) ?? 0) + by;
    if (count === 0) inFlight.delete(identity);
    else inFlight.set(identity, count);
    inFlightInAll += by;
    return count;
  };

  return {
    reserve: async (identity, count, now) => {
      let held = true;
      const release = () => {
        if (held) move(identity, -count);
        held = false;
      };
      const taken = { own: move(identity, count), inAll: inFlightInAll };
      try {
        const [own, inAll] = await Promise.all([sessions.liveCount(now, identity), sessions.liveCount(now)]);
        const answer =
          own + taken.own > maxPerIdentity
            ? ({ kind: 'too_many_for_identity', limit: maxPerIdentity } as const)
            : inAll + taken.inAll > max
              ? ({ kind: 'too_many_in_all', limit: max } as const)
              : ({ kind: 'reserved', release } as const);
        if (answer.kind !== 'reserved') release();
        return answer;
      } catch (error) {
        release();
        throw error;
      }
    },
  };
};
