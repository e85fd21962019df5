import type { Delivery, RecordedEvent } from '@signalbox/event-sourcing';

/** How many events may wait for one slow follower in memory; beyond that it reads from disk again. */
const MAX_WAITING_EVENTS = 10_000;

/** One subscriber at the end of the log, and the commits that wait for it. */
type Follower = { readonly waiting: (readonly RecordedEvent[])[]; events: number; wake: () => void };

/** The end of the log: where it is, and who waits there for what comes next. */
export const createTail = (start: number) => {
  let head = start;
  let ended = false;
  const followers = new Set<Follower>();

  const leave = (follower: Follower) => followers.delete(follower);

  return {
    /** The position of the last event that has been committed. */
    get head() {
      return head;
    },
    get ended() {
      return ended;
    },
    /** Whether anyone would take what a commit has written. */
    get followed() {
      return followers.size > 0;
    },
    /** Moves the head, and hands the events of one commit to everyone who follows, all of them at once. */
    moveTo: (position: number, events: readonly RecordedEvent[]): void => {
      head = Math.max(head, position);
      if (events.length === 0) return;
      for (const follower of followers) {
        follower.waiting.push(events);
        follower.events += events.length;
        if (follower.events > MAX_WAITING_EVENTS) leave(follower);
        follower.wake();
      }
    },
    end: (): void => {
      ended = true;
      for (const follower of followers) follower.wake();
    },
    join: (): Follower => {
      const follower: Follower = { waiting: [], events: 0, wake: () => undefined };
      followers.add(follower);
      return follower;
    },
    leave,
    isFollowing: (follower: Follower): boolean => followers.has(follower),
  };
};

export type Tail = ReturnType<typeof createTail>;

/**
 * Everything after a position: from disk, page by page, while there is more there, then from memory, commit by commit.
 * A subscriber joins the tail in the same turn of the event loop in which it finds that it has reached the head, so
 * nothing can come in between.
 */
export async function* follow(
  tail: Tail,
  after: number,
  signal: AbortSignal,
  readPage: (after: number) => Promise<readonly RecordedEvent[]>,
): AsyncGenerator<Delivery, void> {
  const over = () => signal.aborted || tail.ended;
  let position = after;
  while (!over()) {
    if (position < tail.head) {
      const page = await readPage(position).catch((error: unknown) => {
        if (over()) return [];
        throw error;
      });
      if (over()) return;
      position = page.at(-1)?.position ?? tail.head;
      if (page.length > 0) yield { kind: 'events', events: page };
    } else {
      for await (const delivery of fromMemory(tail, position, signal)) {
        position = delivery.kind === 'events' ? (delivery.events.at(-1)?.position ?? position) : delivery.position;
        yield delivery;
      }
    }
  }
}

/** Deliveries at the tail, until the subscription is over or so far behind that it has to read from disk again. */
async function* fromMemory(tail: Tail, after: number, signal: AbortSignal): AsyncGenerator<Delivery, void> {
  const follower = tail.join();
  const wake = () => follower.wake();
  signal.addEventListener('abort', wake);
  try {
    let position = after;
    yield { kind: 'caught_up', position };
    while (!signal.aborted && !tail.ended) {
      const events = follower.waiting.shift();
      if (events) {
        follower.events -= events.length;
        // What the page before had already, from a commit that was acknowledged only afterwards, is left out.
        const fresh = (events[0]?.position ?? 0) > position ? events : events.filter((e) => e.position > position);
        const last = fresh.at(-1);
        if (!last) continue;
        position = last.position;
        yield { kind: 'events', events: fresh };
        if (follower.waiting.length === 0 && tail.isFollowing(follower)) yield { kind: 'caught_up', position };
      } else if (tail.isFollowing(follower)) {
        const { promise, resolve } = Promise.withResolvers<void>();
        follower.wake = resolve;
        await promise;
      } else return;
    }
  } finally {
    signal.removeEventListener('abort', wake);
    tail.leave(follower);
  }
}
