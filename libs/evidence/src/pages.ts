import type { CatchUpSource, RecordedEvent } from '@signalbox/event-sourcing';

/** What stands after this position cannot be read as events. */
export class UnreadableEvents extends Error {
  readonly code = 'UNREADABLE_EVENTS';
  readonly after: number;
  constructor(after: number, cause: unknown) {
    super(`What follows position ${after} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause,
    });
    this.name = 'UnreadableEvents';
    this.after = after;
  }
}

const PAGE_EVENTS = 1_000;

/**
 * The events of a log up to where it ends now, in pages. Where a page cannot be read, its events are given one by one up
 * to the one that cannot; then it throws `UnreadableEvents`. A log that is away (`LOG_UNAVAILABLE`) throws as it does.
 */
export async function* pagesOf(
  log: Pick<CatchUpSource, 'readAll' | 'head'>,
): AsyncGenerator<readonly RecordedEvent[], void> {
  const head = await log.head();
  let limit = PAGE_EVENTS;
  for (let after = 0; after < head; ) {
    let page: readonly RecordedEvent[];
    try {
      page = await log.readAll(after, limit);
    } catch (error) {
      if (error instanceof Error && 'code' in error && error.code === 'LOG_UNAVAILABLE') throw error;
      if (limit === 1) throw new UnreadableEvents(after, error);
      limit = 1;
      continue;
    }
    const within = page.filter(({ position }) => position <= head);
    if (within.length === 0) return;
    yield within;
    const reached = within.at(-1)?.position ?? head;
    if (reached <= after) throw new UnreadableEvents(after, new Error('positions go back'));
    after = reached;
  }
}
