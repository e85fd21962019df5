/** Runs work at once while fewer than `size` are under way, and the rest in the order in which it came. */
export const createWindow = (size: number) => {
  let underWay = 0;
  const waiting: (() => void)[] = [];

  return async <T>(work: () => Promise<T>): Promise<T> => {
    if (underWay < size) underWay++;
    else {
      const { promise, resolve } = Promise.withResolvers<void>();
      waiting.push(resolve);
      await promise;
    }
    try {
      return await work();
    } finally {
      const next = waiting.shift();
      if (next) next();
      else underWay--;
    }
  };
};
