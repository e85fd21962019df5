/** What a client proposes; `metadata` is the user's own, opaque to the server. */
export type ProposedEvent = {
  readonly id: string;
  readonly type: string;
  readonly contentType: string;
  readonly data: Uint8Array;
  readonly metadata: Uint8Array;
};

export type StoredEvent = ProposedEvent & {
  readonly stream: string;
  readonly revision: number;
  /** Commit and prepare position in one: the server has written each event as a record of its own. */
  readonly position: number;
  /** Epoch milliseconds. */
  readonly created: number;
};

export type Expected = number | 'any' | 'no_stream' | 'stream_exists';

export type Outcome =
  | { readonly kind: 'appended'; readonly revision: number; readonly position: number }
  | { readonly kind: 'conflict'; readonly actual: number | 'no_stream' };

/** What a record costs besides its texts and bytes, so that positions grow like places in a file. */
const RECORD_OVERHEAD = 80;

/**
 * The streams and `$all`, by the rules of the real server:
 *
 * - with an exact revision, the same ids at the same place are found again for ever;
 * - with `any` and `stream_exists` they are found only in a memory of what was written lately, which `forget` (a
 *   restart) empties, and in whatever order they come;
 * - ids that are found in part are a conflict.
 */
export const createStore = (options: {
  readonly now: () => number;
  readonly known: readonly StoredEvent[];
  /** Where the first event begins. */
  readonly firstPosition: number;
  /** Called with the events of one append before anyone can see them. */
  readonly keep: (events: readonly StoredEvent[]) => void;
}) => {
  const all: StoredEvent[] = [];
  const streams = new Map<string, StoredEvent[]>();
  const lately = new Map<string, StoredEvent>();
  const listeners = new Set<() => void>();
  let nextPosition = options.firstPosition;

  const take = (event: StoredEvent) => {
    all.push(event);
    const stream = streams.get(event.stream);
    if (stream) stream.push(event);
    else streams.set(event.stream, [event]);
    nextPosition = event.position + sizeOf(event.stream, event);
  };
  for (const event of options.known) take(event);

  const write = (stream: string, events: readonly ProposedEvent[]): Outcome => {
    const created = Math.max(options.now(), all.at(-1)?.created ?? 0);
    const first = streams.get(stream)?.length ?? 0;
    let position = nextPosition;
    const stored = events.map((event, index) => {
      const at = position;
      position += sizeOf(stream, event);
      return { ...event, stream, revision: first + index, position: at, created };
    });
    options.keep(stored);
    for (const event of stored) {
      take(event);
      lately.set(event.id, event);
    }
    for (const listener of listeners) listener();
    return appendedUpTo(stored.at(-1));
  };

  return {
    /** Every event, in position order. */
    all: all as readonly StoredEvent[],
    stream: (name: string): readonly StoredEvent[] | undefined => streams.get(name),
    append: (stream: string, events: readonly ProposedEvent[], expected: Expected): Outcome => {
      const history = streams.get(stream) ?? [];
      const conflict: Outcome = { kind: 'conflict', actual: history.length === 0 ? 'no_stream' : history.length - 1 };
      if (expected === 'stream_exists' && history.length === 0) return conflict;
      const start = expected === 'no_stream' ? 0 : typeof expected === 'number' ? expected + 1 : null;
      if (start === history.length) return write(stream, events);
      const found = events.map(({ id }, index) => {
        if (start !== null) return history[start + index]?.id === id ? history[start + index] : undefined;
        const known = lately.get(id);
        return known?.stream === stream ? known : undefined;
      });
      if (found.every((event) => event !== undefined)) return appendedUpTo(found.at(-1));
      return start === null && found[0] === undefined ? write(stream, events) : conflict;
    },
    /** The index in `all` of the event that begins here; the end when it is past that; null within a record. */
    placeOf: (position: number): number | null => {
      let [low, high] = [0, all.length];
      while (low < high) {
        const middle = (low + high) >> 1;
        if ((all[middle]?.position ?? 0) < position) low = middle + 1;
        else high = middle;
      }
      return low === all.length || all[low]?.position === position ? low : null;
    },
    onAppended: (listener: () => void): (() => void) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    /** What a restart does to the memory of ids. */
    forget: () => lately.clear(),
  };
};

export type Store = ReturnType<typeof createStore>;

const sizeOf = (stream: string, event: ProposedEvent): number =>
  RECORD_OVERHEAD + stream.length + event.type.length + event.data.length + event.metadata.length;

const appendedUpTo = (last: StoredEvent | undefined): Outcome => ({
  kind: 'appended',
  revision: last?.revision ?? -1,
  position: last?.position ?? -1,
});
