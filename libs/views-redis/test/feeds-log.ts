import { type SessionCommand, type SessionEvent, session } from '@signalbox/domain';
import { bindProjection, type Decoded, type StreamName, streamName, type View } from '@signalbox/event-sourcing';
import type { FeedItem, FeedOut, FeedPoint, FeedSessionRow, Feeds } from '@signalbox/read-models';
import { feeds as projection } from '@signalbox/read-models/projections';
import { anAnswer, anOffer, answeredAt, metadata, someCandidates } from '@signalbox/testing';

/** What happened, recorded in one log that projectors read. */
export const aLog = () => {
  const history: Decoded<SessionEvent>[] = [];
  const of = (stream: StreamName) => history.filter((event) => event.stream === stream);

  const handle = (id: string, command: SessionCommand, recordedAt = command.now) => {
    const stream = streamName('session', id);
    const before = of(stream);
    const decision = session.decide(
      command,
      before.reduce((state, { event }) => session.evolve(state, event), session.initial),
    );
    if (decision.kind === 'rejected') throw new Error(`Refused: ${JSON.stringify(decision.rejection)}`);
    const events = decision.events.map((event, i): Decoded<SessionEvent> => {
      const position = (history.length + i + 1) * 3;
      return {
        ...{ id: `event-${position}`, stream, position, recordedAt, event, metadata: metadata() },
        ...{ revision: before.length + i, keyId: null, hash: null, previousHash: null },
      };
    });
    history.push(...events);
    return events;
  };

  return {
    history,
    handle,
    /** Alice's offer, taken by bob: one item for alice. */
    call: (id: string, by = 'alice', at = answeredAt) => [
      ...handle(id, anOffer({ by, now: at - 1_000 })),
      ...handle(id, anAnswer({ now: at })),
    ],
    /** An item for alice. */
    candidate: (id: string, name: string, at = answeredAt) =>
      handle(id, someCandidates({ batchId: name, candidates: [name] }), at),
    /** Applies events to a view as a projector does, in batches. */
    show: async (
      view: View<FeedSessionRow, FeedOut>,
      events: readonly Decoded<SessionEvent>[] = history,
      size = events.length,
    ) => {
      const bound = bindProjection(projection, view, async (stream, from) => of(stream).slice(from));
      for (let i = 0; i < events.length; i += size) {
        const batch = events.slice(i, i + size);
        await bound.apply(batch, batch.at(-1)?.position ?? 0);
      }
    },
  };
};

export const namesIn = (items: readonly FeedItem[]): readonly unknown[] =>
  items.flatMap(({ delivered }) => (delivered.type === 'candidates' ? delivered.candidates : [delivered.type]));

/** Everything from a point on, page by page, and where that leads. */
export const restOf = async (feeds: Feeds, recipient: string, point: FeedPoint | null, limit = 10) => {
  const items: FeedItem[] = [];
  for (let after = point; ; ) {
    const page = await feeds.read(recipient, after, limit);
    items.push(...page.items);
    after = page.point;
    if (page.items.length === 0) return { items, point: page.point, recovered: page.recovered };
  }
};
