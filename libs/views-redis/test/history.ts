import { type SessionCommand, type SessionEvent, session } from '@signalbox/domain';
import { type Decoded, type StreamName, streamName } from '@signalbox/event-sourcing';
import {
  anAnswer,
  anExpiry,
  anOffer,
  aRetag,
  aWithdrawal,
  metadata,
  offerTtlMs,
  seededChance,
  someCandidates,
  t0,
} from '@signalbox/testing';

export type History = {
  /** In the order of the log. */
  readonly events: readonly Decoded<SessionEvent>[];
  readStream(stream: StreamName, from: number): Promise<readonly Decoded<SessionEvent>[]>;
};

/** What happened to some sessions at once, one after another: whatever a seed makes of them that the decider allows. */
export const aHistory = (seed: number, length: number): History => {
  const { fraction } = seededChance(seed);
  const pick = <T>(...all: readonly T[]): T => all[Math.floor(fraction() * all.length)] as T;
  const events: Decoded<SessionEvent>[] = [];
  const ofStream = (stream: StreamName) => events.filter((event) => event.stream === stream);

  for (let step = 0; events.length < length; step++) {
    const id = `s${Math.floor(step / 12 + fraction() * 6)}`;
    const stream = streamName('session', id);
    const now = t0 + step;
    const by = pick('alice', 'bob');
    const command = pick<SessionCommand>(
      anOffer({ by, tags: pick(['a'], ['a', 'b'], []), service: pick(null, { name: 'chat', version: '1.0.0' }), now }),
      anOffer({ by, tags: ['c'], now }),
      aRetag({ by, tags: pick(['a'], ['c']), now }),
      aRetag({ by, tags: pick(['b', 'c'], ['d']), now }),
      anAnswer({ by: 'carol', matchedTags: null, now }),
      someCandidates({ by: pick('alice', 'bob', 'carol'), batchId: `batch-${step}`, now }),
      someCandidates({ by, batchId: `batch-${step}`, candidates: [1, null, 'two'], now }),
      aWithdrawal({ by, now }),
      anExpiry({ now: now + offerTtlMs }),
    );
    const past = ofStream(stream).map(({ event }) => event);
    const decision = session.decide(command, past.reduce(session.evolve, session.initial));
    if (decision.kind === 'rejected') continue;
    for (const event of decision.events) {
      const position = (events.at(-1)?.position ?? 0) + 3;
      events.push({
        id: `event-${position}`,
        ...{ stream, position, event },
        revision: ofStream(stream).length,
        recordedAt: now,
        metadata: metadata(),
        ...{ keyId: null, hash: null, previousHash: null },
      });
    }
  }
  return { events, readStream: async (stream, from) => ofStream(stream).slice(from) };
};
