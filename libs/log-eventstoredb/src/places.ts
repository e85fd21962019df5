/** How far apart imported places are remembered, in positions at least. */
const APART = 256;

/**
 * Where in EventStoreDB a position is. New events lie at position less base; imported ones anywhere before them, which
 * is found by reading, and remembered in steps.
 */
export const createPlaces = ({ base, begins }: { readonly base: number; readonly begins: number }) => {
  const known = [{ position: 0, commit: begins }];
  return {
    /** A commit position after which everything after `position` follows, though perhaps not at once. */
    before: (position: number): number => {
      if (position - base >= begins) return position - base;
      let [low, high] = [0, known.length];
      while (high - low > 1) {
        const middle = (low + high) >> 1;
        if ((known[middle]?.position ?? 0) <= position) low = middle;
        else high = middle;
      }
      return known[low]?.commit ?? begins;
    },
    /** Tells that this event of ours is there. */
    learn: (event: { readonly position: number; readonly commit: number }): void => {
      if (event.position >= base || event.position < (known.at(-1)?.position ?? 0) + APART) return;
      known.push(event);
    },
  };
};

export type Places = ReturnType<typeof createPlaces>;
