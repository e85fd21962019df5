/** Counts work that has not settled, and lets its end be waited for. */
export const createUnderWay = () => {
  const running = new Set<Promise<unknown>>();
  return {
    get count() {
      return running.size;
    },
    add: <T>(work: Promise<T>): Promise<T> => {
      running.add(work);
      const settled = () => running.delete(work);
      work.then(settled, settled);
      return work;
    },
    /** Resolves when everything that is running now has settled. */
    settled: async (): Promise<void> => {
      await Promise.allSettled(running);
    },
  };
};
