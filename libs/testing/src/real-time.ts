/** The one file of this library that meets the platform's own clock and timers: tests of real processes need them. */

/** Lets every promise settle that waits for nothing but other promises. Threads and sockets are not waited for. */
export const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/**
 * Asks again and again, in real time, until the condition answers with something truthy, and gives that. For tests of
 * real processes and sockets only: whatever runs in the test's own process is driven by `fakeClock`. Throws, naming
 * `what` was waited for and what the condition said last, when the deadline passes. A condition that throws has not
 * been met yet.
 */
export const until = async <T>(
  what: string,
  condition: () => T | Promise<T>,
  { withinMs = 10_000, everyMs = 10 }: { readonly withinMs?: number; readonly everyMs?: number } = {},
): Promise<NonNullable<T>> => {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const last = await outcomeOf(condition);
    if ('answer' in last && last.answer) return last.answer;
    if (performance.now() >= deadline) {
      const said = 'error' in last ? `it threw ${String(last.error)}` : `it answered ${JSON.stringify(last.answer)}`;
      throw new Error(`Waited ${withinMs} ms in vain until ${what}. When last asked, ${said}.`, {
        cause: 'error' in last ? last.error : undefined,
      });
    }
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
};

const outcomeOf = async <T>(
  condition: () => T | Promise<T>,
): Promise<{ readonly answer: T } | { readonly error: unknown }> => {
  try {
    return { answer: await condition() };
  } catch (error) {
    return { error };
  }
};
