/** Runs `work` once after `ms`; answers with how to call it off. */
export type After = (ms: number, work: () => void) => () => void;

/**
 * Resolves after `ms` (`Infinity`: never by itself), when `signal` aborts, or when `listen` calls back. Leaves neither
 * a timer nor a listener behind.
 */
export const pause = async (
  after: After,
  ms: number,
  signal: AbortSignal,
  listen: (wakeUp: () => void) => () => void = () => () => {},
): Promise<void> => {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const wakeUp = () => resolve();
  const callOff = Number.isFinite(ms) ? after(ms, wakeUp) : () => {};
  const stopListening = listen(wakeUp);
  signal.addEventListener('abort', wakeUp);
  await promise;
  signal.removeEventListener('abort', wakeUp);
  stopListening();
  callOff();
};
