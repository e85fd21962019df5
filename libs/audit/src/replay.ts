import { createHash } from 'node:crypto';
import { type CatchUpSource, categoryOf, type RecordedEvent, type StreamName } from '@signalbox/event-sourcing';
import { asJson, canonicalJson } from './canonical-json.ts';
import type { EventReader, ReadEvent } from './event-reader.ts';
import { type Folded, folded, nothingYet } from './fold.ts';

/** Epoch milliseconds, or a position of the log; what was recorded there still counts. Null: as far as it goes. */
export type Until = { readonly at: number } | { readonly position: number } | null;

export type Replayed = {
  /** Of the last event that counts, and when it was recorded; 0 and null for none. */
  readonly position: number;
  readonly at: number | null;
  readonly events: number;
  /** Events whose payload cannot be read: what they did is not in any state. */
  readonly unreadable: number;
  readonly streams: number;
  /** Streams by what has become of them: `session/answered`, `credential/active`, … */
  readonly counts: Readonly<Record<string, number>>;
  /** SHA-256 in hex over every stream's name, revision and state. */
  readonly stateHash: string;
};

/** Folds the log. Streams may come in any order and any portion, an event more than once; each stream in its own order. */
export type Replay = {
  readonly add: (events: readonly RecordedEvent[]) => Promise<readonly ReadEvent[]>;
  /** What the log comes to: the same for the same events and keys, however they came. */
  readonly result: () => Replayed;
};

export const createReplay = (read: EventReader): Replay => {
  const streams = new Map<StreamName, Folded>();
  let [position, at, events, unreadable] = [0, null as number | null, 0, 0];

  return {
    add: async (batch) => {
      const fresh: ReadEvent[] = [];
      for (const one of await read(batch)) {
        const { stream, revision, position: place, recordedAt } = one.recorded;
        const before = streams.get(stream) ?? nothingYet(categoryOf(stream));
        if (revision <= before.revision) continue;
        streams.set(stream, folded(before, one));
        fresh.push(one);
        events++;
        if (one.event === null) unreadable++;
        if (place > position) [position, at] = [place, recordedAt];
      }
      return fresh;
    },
    result: () => {
      const hash = createHash('sha256');
      const counts = new Map<string, number>();
      for (const stream of [...streams.keys()].sort()) {
        const { revision, isLost, state } = streams.get(stream) as Folded;
        hash.update(`${canonicalJson([stream, revision, isLost ? 'unreadable' : asJson(state)])}\n`);
        const kind = kindOf(categoryOf(stream), isLost, state);
        counts.set(kind, (counts.get(kind) ?? 0) + 1);
      }
      return {
        ...{ position, at, events, unreadable, streams: streams.size },
        counts: Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1))),
        stateHash: hash.digest('hex'),
      };
    },
  };
};

/** The log up to a moment, page by page. `onPage` is told what was read of each, and may take its time. */
export const replay = async (options: {
  readonly log: Pick<CatchUpSource, 'readAll'>;
  readonly read: EventReader;
  readonly until: Until;
  readonly pageSize?: number;
  readonly onPage?: (events: readonly ReadEvent[]) => Promise<void> | void;
}): Promise<Replayed> => {
  const { log, read, until, pageSize = 1_000, onPage } = options;
  const folding = createReplay(read);
  for (let after = 0; ; ) {
    const page = await log.readAll(after, pageSize);
    const counted = page.filter((event) => counts(event, until));
    const read = await folding.add(counted);
    if (read.length > 0) await onPage?.(read);
    const last = page.at(-1);
    if (!last || counted.length < page.length) return folding.result();
    after = last.position;
  }
};

const counts = ({ recordedAt, position }: RecordedEvent, until: Until): boolean =>
  until === null || ('at' in until ? recordedAt <= until.at : position <= until.position);

const kindOf = (category: string, isLost: boolean, state: unknown): string => {
  if (isLost) return `${category}/unreadable`;
  const { status, how } = (state ?? {}) as { readonly status?: string; readonly how?: string };
  const kind = status === 'ended' ? how : status;
  return kind === undefined ? category : `${category}/${kind}`;
};
