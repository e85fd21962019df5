import { type Opaque, type SessionCommand, type SessionEvent, session } from '@signalbox/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { carriedOut } from '../history.ts';

/** Few names, tags, batches and moments, so that commands meet; clocks jump forth and back. */
const identity = fc.constantFrom('alice', 'bob', 'carol', 'mallory');
const tags = fc.uniqueArray(fc.constantFrom('chat', 'games', 'de'), { maxLength: 3 });
const now = fc.integer({ min: 0, max: 300 });
const lifeMs = fc.integer({ min: 1, max: 600 });
const text = fc.constantFrom('v=0 a', 'v=0 b');
const maxPerRole = 5;

const publish = fc.record<Extract<SessionCommand, { type: 'PublishOffer' }>>({
  type: fc.constant('PublishOffer'),
  by: identity,
  tags,
  service: fc.option(fc.constant({ name: 'chat', version: '1.2.0' })),
  sdp: text,
  ttlMs: lifeMs,
  now,
});

/** Each candidate says who sent it in which batch, so that a history shows where it came from and how often. */
const trickle = fc
  .record({ by: identity, batchId: fc.constantFrom('1', '2', '3', '4'), size: fc.integer({ min: 1, max: 3 }), now })
  .map(
    ({ by, batchId, size, now }): SessionCommand => ({
      type: 'AddCandidates',
      by,
      candidates: Array.from({ length: size }, (_, i): Opaque => ({ by, batchId, i })),
      batchId,
      maxPerRole,
      now,
    }),
  );

const command: fc.Arbitrary<SessionCommand> = fc.oneof(
  { weight: 1, arbitrary: publish },
  { weight: 5, arbitrary: trickle },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('RetagSession'), by: identity, tags, now }) },
  {
    weight: 2,
    arbitrary: fc.record({
      type: fc.constant('AnswerOffer'),
      by: identity,
      sdp: text,
      matchedTags: fc.option(tags),
      answeredTtlMs: fc.option(lifeMs),
      now,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      type: fc.constant('WithdrawSession'),
      by: identity,
      reason: fc.constantFrom('withdrawn', 'replaced'),
      now,
    }),
  },
  { weight: 1, arbitrary: fc.record({ type: fc.constant('ExpireSession'), now }) },
);

const commands = fc.array(command, { maxLength: 40, size: 'max' });
/** Starts with an offer, so that most of what follows meets a session. */
const life = fc.tuple(publish, commands).map(([offer, rest]) => [offer, ...rest]);
const history = life.map((made) => carriedOut(session, made));

const ofType = <T extends SessionEvent['type']>(events: readonly SessionEvent[], type: T) =>
  events.filter((event): event is Extract<SessionEvent, { type: T }> => event.type === type);
const isEnd = (event: SessionEvent) => event.type === 'SessionWithdrawn' || event.type === 'SessionExpired';
const holds = <T>(property: fc.IProperty<T>) => fc.assert(property, { numRuns: 500 });

describe('whatever is done to a session, in whatever order and by whatever clock', () => {
  it('has one offer and at most one answer', () =>
    holds(
      fc.property(history, ({ events }) => {
        expect(ofType(events, 'OfferPublished')).toHaveLength(1);
        expect(ofType(events, 'OfferAnswered').length).toBeLessThanOrEqual(1);
      }),
    ));

  it('ends exactly once, if only its time comes, and nothing is recorded after the end', () =>
    holds(
      fc.property(life, (made) => {
        const { events } = carriedOut(session, [...made, { type: 'ExpireSession', now: 10_000 }, ...made]);
        expect(events.filter(isEnd)).toEqual([events.at(-1)]);
      }),
    ));

  it('changes no more once it is terminal: commands record nothing and no event has an effect', () =>
    holds(
      fc.property(life, commands, (made, later) => {
        const { state, events } = carriedOut(session, made);
        fc.pre(session.isTerminal(state));
        for (const one of [...made, ...later]) {
          const decision = session.decide(one, state);
          expect(decision.kind === 'accepted' ? decision.events : []).toEqual([]);
        }
        for (const event of events) expect(session.evolve(state, event)).toBe(state);
      }),
    ));

  it('expires at its true due time, never before, and takes nothing from that moment on', () =>
    holds(
      fc.property(history, ({ steps }) => {
        for (const { command, decision, before } of steps) {
          if (before.status !== 'open' && before.status !== 'answered') continue;
          const made = decision.kind === 'accepted' ? decision.events : [];
          if (command.now < before.expiresAt) expect(ofType(made, 'SessionExpired')).toEqual([]);
          else if (command.type !== 'ExpireSession') expect(made).toEqual([]);
          else {
            const data = { dueAt: before.expiresAt, was: before.status, expiredAt: command.now };
            expect(made).toEqual([{ type: 'SessionExpired', data }]);
          }
        }
      }),
    ));

  it('records candidates of the two parties only, under their own role', () =>
    holds(
      fc.property(history, ({ events }) => {
        const publisher = ofType(events, 'OfferPublished')[0]?.data.publisher;
        const answerer = ofType(events, 'OfferAnswered')[0]?.data.answerer;
        for (const { data } of ofType(events, 'CandidatesAdded')) {
          expect(data.identity).toBe(data.role === 'offerer' ? publisher : answerer);
          expect(new Set(data.candidates.map((one) => (one as { by: string }).by))).toEqual(new Set([data.identity]));
        }
      }),
    ));

  it('numbers the candidates of a role without a gap, never beyond the limit, and none twice', () =>
    holds(
      fc.property(history, ({ events }) => {
        for (const role of ['offerer', 'answerer'] as const) {
          const added = ofType(events, 'CandidatesAdded').filter(({ data }) => data.role === role);
          const all: Opaque[] = [];
          for (const { data } of added) {
            expect(data.firstIndex).toBe(all.length);
            all.push(...data.candidates);
          }
          expect(all.length).toBeLessThanOrEqual(maxPerRole);
          expect(new Set(all.map((one) => JSON.stringify(one))).size).toBe(all.length);
        }
      }),
    ));

  it("gives the answerer all that is held for it, with the answer, and nobody anyone else's", () =>
    holds(
      fc.property(history, ({ steps }) => {
        for (const { before, decision } of steps) {
          const [answered, promoted] = decision.kind === 'accepted' ? decision.events : [];
          if (answered?.type !== 'OfferAnswered' || before.status !== 'open') continue;
          const held = before.held.find(({ identity }) => identity === answered.data.answerer);
          expect(promoted?.type === 'CandidatesAdded' ? promoted.data.candidates : undefined).toEqual(held?.candidates);
        }
      }),
    ));

  it('folds any events whatever, its own shuffled and those of another among them', () => {
    const anyEvents = fc
      .tuple(history, history)
      .chain(([own, foreign]) => fc.shuffledSubarray([...own.events, ...foreign.events]));
    holds(
      fc.property(anyEvents, (events) => {
        const state = events.reduce(session.evolve, session.initial);
        expect(['absent', 'open', 'answered', 'ended']).toContain(state.status);
      }),
    );
  });
});
