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

/** All of a log, page by page, as far as it goes when its end is reached. */
export async function* pagesOf(
  log: Pick<CatchUpSource, 'readAll'>,
  pageSize = 1_000,
): AsyncGenerator<readonly RecordedEvent[], void> {
  for (let after = 0; ; ) {
    const page = await log.readAll(after, pageSize);
    const last = page.at(-1);
    if (!last) return;
    yield page;
    after = last.position;
  }
}

/** The log up to a moment. `onPage` is told what was read of each page, and may take its time. */
export const replay = async (options: {
  /** In position order. */
  readonly pages: AsyncIterable<readonly RecordedEvent[]>;
  readonly read: EventReader;
  readonly until: Until;
  readonly onPage?: (events: readonly ReadEvent[]) => Promise<void> | void;
}): Promise<Replayed> => {
  const { pages, read, until, onPage } = options;
  const folding = createReplay(read);
  for await (const page of pages) {
    const counted = page.filter((event) => counts(event, until));
    const added = await folding.add(counted);
    if (added.length > 0) await onPage?.(added);
    if (counted.length < page.length) break;
  }
  return folding.result();
};

const counts = ({ recordedAt, position }: RecordedEvent, until: Until): boolean =>
  until === null || ('at' in until ? recordedAt <= until.at : position <= until.position);

const kindOf = (category: string, isLost: boolean, state: unknown): string => {
  if (isLost) return `${category}/unreadable`;
  const { status, how } = (state ?? {}) as { readonly status?: string; readonly how?: string };
  const kind = status === 'ended' ? how : status;
  return kind === undefined ? category : `${category}/${kind}`;
};
