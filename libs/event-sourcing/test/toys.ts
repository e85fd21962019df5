import {
  accept,
  type Change,
  type Decider,
  type Decoded,
  type EventCodec,
  type EventMetadata,
  type RecordedEvent,
  reject,
  type StreamAppender,
  type StreamName,
  type StreamReader,
  UnknownEventType,
  type Versioned,
  type View,
} from '../src/index.ts';

/** Doubles: a decider, a codec, a log and a view, each as small as it can be and keep what its port promises. */

export const metadata: EventMetadata = {
  actor: 'alice',
  correlationId: 'request-1',
  causationId: 'request-1',
  trace: null,
  authorisation: null,
};

/** A room with three seats, which can be closed once and for all. */
export type RoomEvent =
  | { readonly type: 'Entered'; readonly data: { readonly who: string } }
  | { readonly type: 'Left'; readonly data: { readonly who: string } }
  | { readonly type: 'Closed'; readonly data: Record<string, never> };
export type RoomCommand =
  | { readonly type: 'Enter'; readonly who: readonly string[] }
  | { readonly type: 'Leave'; readonly who: string }
  | { readonly type: 'Close' };
export type Room = { readonly inside: readonly string[]; readonly closed: boolean };
export type RoomRejection = 'full' | 'closed';

export const entered = (who: string): RoomEvent => ({ type: 'Entered', data: { who } });
export const left = (who: string): RoomEvent => ({ type: 'Left', data: { who } });
export const closed: RoomEvent = { type: 'Closed', data: {} };

export const room: Decider<RoomCommand, Room, RoomEvent, RoomRejection> = {
  category: 'room',
  initial: { inside: [], closed: false },
  decide: (command, state) => {
    if (command.type === 'Close') return state.closed ? accept() : accept(closed);
    if (state.closed) return reject('closed');
    if (command.type === 'Leave') return state.inside.includes(command.who) ? accept(left(command.who)) : accept();
    const fresh = command.who.filter((who) => !state.inside.includes(who));
    return state.inside.length + fresh.length > 3 ? reject('full') : accept(...fresh.map(entered));
  },
  evolve: (state, event) => {
    if (event.type === 'Closed') return { ...state, closed: true };
    const others = state.inside.filter((who) => who !== event.data.who);
    return { ...state, inside: event.type === 'Entered' ? [...others, event.data.who] : others };
  },
  isTerminal: (state) => state.closed,
};

const known = ['Entered', 'Left', 'Closed'];

export const codec: EventCodec<RoomEvent> = {
  encode: async (_stream, _firstRevision, events) =>
    events.map(({ type, data }) => ({ type, schemaVersion: 1, data: Buffer.from(JSON.stringify(data)), keyId: null })),
  decode: async (recorded, unknown) =>
    recorded.flatMap(({ type, schemaVersion: _, data, ...rest }): Decoded<RoomEvent>[] => {
      if (known.includes(type)) {
        return [{ ...rest, event: { type, data: JSON.parse(Buffer.from(data).toString()) } as RoomEvent }];
      }
      if (unknown === 'stop') throw new UnknownEventType(type, rest.position);
      return [];
    }),
};

export const decoded = (stream: StreamName, revision: number, position: number, event: RoomEvent) => ({
  id: `event-${position}`,
  ...{ stream, revision, position, metadata, event },
  recordedAt: 1_000 + position,
  ...{ keyId: null, hash: null, previousHash: null },
});

export const recorded = (
  stream: StreamName,
  revision: number,
  position: number,
  event: { type: string; data: unknown },
) => {
  const { event: _, ...rest } = decoded(stream, revision, position, closed);
  return { ...rest, type: event.type, schemaVersion: 1, data: Buffer.from(JSON.stringify(event.data)) };
};

/** Writes every event at the next position but one; `beforeAppend` runs before each append, to let a rival in. */
export const toyLog = () => {
  const events: RecordedEvent[] = [];
  const appends: { readonly stream: StreamName; readonly expected: unknown; readonly options: unknown }[] = [];
  let reads = 0;
  const of = (stream: StreamName) => events.filter((event) => event.stream === stream);
  const log: StreamReader & StreamAppender = {
    readStream: async (stream, options) => {
      reads++;
      return of(stream).slice(options?.from ?? 0);
    },
    append: async (stream, newEvents, expected, options) => {
      appends.push({ stream, expected, options });
      await toy.beforeAppend(stream);
      const next = of(stream).length;
      if (expected !== (next === 0 ? 'no_stream' : next - 1)) {
        return { kind: 'conflict', actual: next === 0 ? 'no_stream' : next - 1 };
      }
      return write(stream, newEvents);
    },
  };
  const write = (stream: StreamName, newEvents: readonly Parameters<typeof log.append>[1][number][]) => {
    for (const event of newEvents) {
      const position = 2 * (events.length + 1);
      const place = { stream, revision: of(stream).length, position, recordedAt: 1_000 + position };
      events.push({ ...event, ...place });
    }
    return { kind: 'appended', revision: of(stream).length - 1, position: events.at(-1)?.position ?? 0 } as const;
  };
  const toy = {
    log,
    events,
    appends,
    get reads() {
      return reads;
    },
    beforeAppend: async (_stream: StreamName): Promise<void> => {},
    /** What another process records. */
    rival: async (stream: StreamName, ...happened: readonly RoomEvent[]) => {
      const encoded = await codec.encode(stream, 0, happened, null);
      write(
        stream,
        encoded.map((event) => ({ ...event, id: `rival-${events.length}`, metadata, hash: null, previousHash: null })),
      );
    },
  };
  return toy;
};

/** Takes a change only from the row that it was made from; `beforeWrite` runs before each write, to let a rival in. */
export const toyView = <Row, Out>() => {
  const rows = new Map<StreamName, Versioned<Row>>();
  const out: Out[] = [];
  const writes: { readonly changes: readonly Change<Row, Out>[]; readonly checkpoint: number }[] = [];
  let checkpoint = 0;
  const view: View<Row, Out> = {
    read: async (streams) =>
      new Map(
        streams.flatMap((stream) => {
          const row = rows.get(stream);
          return row ? [[stream, row]] : [];
        }),
      ),
    write: async (changes, upTo) => {
      writes.push({ changes, checkpoint: upTo });
      await toy.beforeWrite();
      const stale: StreamName[] = [];
      for (const { stream, after, revision, row, out: more } of changes) {
        const known = rows.get(stream)?.revision ?? -1;
        if (revision <= known) continue;
        if (after !== known) {
          stale.push(stream);
          continue;
        }
        rows.set(stream, { revision, row });
        out.push(...more);
      }
      if (stale.length === 0) checkpoint = Math.max(checkpoint, upTo);
      return stale;
    },
    checkpoint: async () => checkpoint,
  };
  const toy = { view, rows, out, writes, beforeWrite: async (): Promise<void> => {} };
  return toy;
};
