type Waiter = { readonly after: number; readonly wake: () => void };

/** Who waits for a recipient's feed to grow. A waiter that is woken or has given up leaves nothing behind. */
export const feedWaiters = () => {
  const byRecipient = new Map<string, Set<Waiter>>();

  const leave = (recipient: string, waiter: Waiter) => {
    const waiters = byRecipient.get(recipient);
    waiters?.delete(waiter);
    if (waiters?.size === 0) byRecipient.delete(recipient);
  };

  return {
    /** Resolves when the feed reaches beyond `after`, or when `signal` aborts. */
    wait: (recipient: string, after: number, signal: AbortSignal): Promise<void> => {
      const { promise, resolve } = Promise.withResolvers<void>();
      const wake = () => {
        signal.removeEventListener('abort', wake);
        leave(recipient, waiter);
        resolve();
      };
      const waiter: Waiter = { after, wake };
      const waiters = byRecipient.get(recipient) ?? new Set();
      byRecipient.set(recipient, waiters.add(waiter));
      signal.addEventListener('abort', wake, { once: true });
      if (signal.aborted) wake();
      return promise;
    },
    wake: (recipient: string, sequence: number): void => {
      for (const waiter of [...(byRecipient.get(recipient) ?? [])]) if (waiter.after < sequence) waiter.wake();
    },
    /** How many recipients are waited for. */
    get size() {
      return byRecipient.size;
    },
  };
};
