import type { SessionEvent } from '@signalbox/domain';
import { type CatchUpSource, type RecordedEvent, type StreamName, streamName } from '@signalbox/event-sourcing';
import { memoryDiscovery } from '@signalbox/memory';
import type { DiscoveryRow, OfferFilter } from '@signalbox/read-models';
import { discovery } from '@signalbox/read-models/projections';
import { asJson, stateHash } from './canonical-json.ts';
import type { EventReader, ReadEvent } from './event-reader.ts';
import type { History } from './ports/history.ts';

const PAGE = 1_000;

/** Clocks of different machines may differ by this much: an offer may be recorded earlier than it says. */
const SKEW_MS = 60_000;

export type DiscoveryAt = {
  readonly at: number;
  /** The last event that counts. */
  readonly position: number;
  /** Newest first. */
  readonly sessions: readonly DiscoveryRow[];
  /** Offers that were not answered or ended by then and can no longer be read: some of them may have been shown. */
  readonly unreadable: number;
  /** Of all that matched, however many of them are given here. */
  readonly stateHash: string;
};

/** Whether the event is needed to know what an offer said. */
const TELLS: ReadonlySet<string> = new Set(['OfferPublished', 'SessionRetagged']);
/** Whether the offer is gone with it. */
const TAKES: ReadonlySet<string> = new Set(['OfferAnswered', 'SessionWithdrawn', 'SessionExpired', 'SessionRedacted']);

/**
 * What discovery would have answered at a moment: the same projection and the same view that answer it live, over the
 * same events. An offer lives for `offerMaxTtlMs` at most, so the log is read from that long before. Only what was open at
 * that moment is unsealed. Rejects when `signal` aborts.
 */
export const createDiscoveryAt = (options: {
  readonly log: Pick<CatchUpSource, 'readAll'>;
  readonly history: Pick<History, 'positionAt'>;
  readonly read: EventReader;
  readonly offerMaxTtlMs: number;
}) => {
  const { log, history, read, offerMaxTtlMs } = options;

  /** What was published and neither answered nor ended, by stream. */
  const openAt = async (at: number, signal: AbortSignal) => {
    const open = new Map<StreamName, RecordedEvent[]>();
    let position = await history.positionAt(at - offerMaxTtlMs - SKEW_MS);
    for (;;) {
      signal.throwIfAborted();
      const page = await log.readAll(position, PAGE);
      const counted = page.filter(({ recordedAt }) => recordedAt <= at);
      for (const event of counted) {
        if (event.type === 'OfferPublished') open.set(event.stream, [event]);
        else if (TELLS.has(event.type)) open.get(event.stream)?.push(event);
        else if (TAKES.has(event.type)) open.delete(event.stream);
      }
      position = counted.at(-1)?.position ?? position;
      if (page.length === 0 || counted.length < page.length) return { open, position };
    }
  };

  return async (at: number, filter: OfferFilter, limit: number, signal: AbortSignal): Promise<DiscoveryAt> => {
    const { open, position } = await openAt(at, signal);
    const view = memoryDiscovery({ chance: { fraction: () => 0 } });
    const rows: DiscoveryRow[] = [];
    let unreadable = 0;
    const told = Map.groupBy(await read([...open.values()].flat()), ({ recorded }) => recorded.stream);
    for (const events of told.values()) {
      const row = events.some(({ event }) => event === null) ? undefined : events.reduce(applied, undefined);
      if (row) rows.push(row);
      else unreadable++;
    }
    await view.write(
      rows.map((row) => ({
        ...{ stream: streamName('session', row.sessionId), after: -1, revision: 0, row, out: [] },
        ...{ position: row.order, recordedAt: row.createdAt },
      })),
      position,
    );
    const sessions = await view.page(filter, { before: null, skip: 0, limit: rows.length, now: at });
    return { at, position, sessions: sessions.slice(0, limit), unreadable, stateHash: stateHash(asJson(sessions)) };
  };
};

export type DiscoveryAtMoment = ReturnType<typeof createDiscoveryAt>;

const applied = (row: DiscoveryRow | undefined, { recorded, event }: ReadEvent): DiscoveryRow | undefined => {
  const handler = discovery.on[event?.type as SessionEvent['type']];
  if (handler === 'ignored' || handler === undefined) return row;
  // The table's key is the event's own type, which the compiler can't follow from the lookup to the call.
  const apply = handler as (row: DiscoveryRow | undefined, seen: unknown) => { readonly row: DiscoveryRow | undefined };
  return apply(row, { ...recorded, event }).row;
};
