import type { Note, Observations } from '@signalbox/read-models';
import { t0 } from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';

export type MadeObservations = {
  /** Where requests are served. */
  readonly noticing: Pick<Observations, 'note'>;
  /** Where what was noticed is recorded; perhaps another process. */
  readonly recording: Pick<Observations, 'take'>;
  /** Resolves when what was noted can be taken; minutes, those that are over at `now`. */
  readonly flushed: (now: number) => Promise<void>;
};

export const observationsContract = (
  adapter: string,
  make: (bounds: { readonly maxSessions: number }) => Promise<MadeObservations>,
) =>
  describe(`Observations contract: ${adapter}`, () => {
    let made: MadeObservations;
    beforeEach(async () => {
      made = await make({ maxSessions: 5 });
    });

    const taken = async (limit = 100, now = t0) => {
      await made.flushed(now);
      return made.recording.take(limit, now);
    };
    const note = (...notes: readonly Note[]) => {
      for (const one of notes) made.noticing.note(one);
    };
    const shown = (sessionId: string, at = t0): Note => ({ kind: 'discovered', sessionId, at });
    const given = (upTo: number, at: number): Note => ({
      ...{ kind: 'delivered', sessionId: 'one', to: 'alice', role: 'offerer', what: 'candidates', upTo, at },
    });
    const refused = (at: number, code = 'RATE_LIMIT_EXCEEDED'): Note => ({
      ...{ kind: 'refused', sessionId: 'one', code, operation: 'answer', identity: 'bob', detail: null, at },
    });
    const nothing = { sessions: [], minutes: [], dropped: null };

    it('gives nothing where nothing was noted', async () => {
      expect(await taken()).toEqual(nothing);
    });

    it('gives what was noted of a session together, once', async () => {
      note(shown('one', t0), given(2, t0 + 10), given(5, t0 + 20), refused(t0 + 30), shown('one', t0 + 40));
      expect(await taken()).toEqual({
        ...nothing,
        sessions: [
          {
            ...{ sessionId: 'one', since: t0 },
            discovered: { firstShownAt: t0, times: 2 },
            deliveries: [
              { to: 'alice', role: 'offerer', what: 'candidates', upTo: 5, firstAt: t0 + 10, lastAt: t0 + 20 },
            ],
            refusals: [
              {
                ...{ code: 'RATE_LIMIT_EXCEEDED', operation: 'answer', identity: 'bob', detail: null, count: 1 },
                ...{ firstAt: t0 + 30, lastAt: t0 + 30 },
              },
            ],
          },
        ],
      });
      expect(await taken()).toEqual(nothing);
    });

    it('takes for no news what it has told: an offer shown again, a poll that brings nothing more', async () => {
      note(shown('one'), given(3, t0));
      await taken();
      note(shown('one', t0 + 1), given(3, t0 + 2), given(1, t0 + 3));
      expect(await taken()).toEqual(nothing);
      note(given(4, t0 + 4));
      expect((await taken()).sessions).toMatchObject([{ discovered: null, deliveries: [{ upTo: 4 }], refusals: [] }]);
    });

    it('tells the same refusal at once, then ever more seldom, and loses none that it tells', async () => {
      let count = 0;
      let times = 0;
      for (let i = 0; i < 85; i++) {
        note(refused(t0 + i));
        for (const { refusals } of (await taken()).sessions) {
          times++;
          count += refusals[0]?.count ?? 0;
        }
      }
      expect([times, count]).toEqual([4, 85]);
    });

    it('keeps so many kinds of refusal of a session, and no more', async () => {
      for (let i = 0; i < 40; i++) note(refused(t0 + i, `CODE_${i}`));
      expect((await taken()).sessions[0]?.refusals).toHaveLength(16);
      note(refused(t0, 'ONE_MORE'));
      expect(await taken()).toEqual(nothing);
    });

    it('gives so many sessions as are asked for, the oldest first, and the others later', async () => {
      note(shown('one'), shown('two'), shown('three'));
      const idsOf = ({ sessions }: Awaited<ReturnType<typeof taken>>) => sessions.map(({ sessionId }) => sessionId);
      expect(idsOf(await taken(2))).toEqual(['one', 'two']);
      expect(idsOf(await taken(2))).toEqual(['three']);
    });

    it('drops the oldest sessions where nobody takes any, and tells once how many, and since when', async () => {
      for (let i = 0; i < 8; i++) note(shown(`session-${i}`, t0 + i));
      const { sessions, dropped } = await taken();
      expect(sessions.map(({ sessionId }) => sessionId)).toEqual([3, 4, 5, 6, 7].map((i) => `session-${i}`));
      expect(dropped).toEqual({ sessions: 3, since: t0 });
      expect(await taken()).toEqual(nothing);
    });

    it('counts what has no session by the minute, and gives it when the minute is over', async () => {
      const begin = Math.ceil(t0 / 60_000) * 60_000;
      note(
        { kind: 'unauthenticated', reason: 'too_old', at: begin },
        { kind: 'unauthenticated', reason: 'too_old', at: begin + 59_999 },
        { kind: 'limited', policy: 'write', at: begin + 5 },
      );
      expect(await taken(100, begin + 59_999)).toEqual(nothing);
      const minutes = [
        {
          minute: begin,
          authenticationFailures: [{ name: 'too_old', count: 2 }],
          limitTrips: [{ name: 'write', count: 1 }],
        },
      ];
      expect(await taken(100, begin + 60_000)).toEqual({ ...nothing, minutes });
      expect(await taken(100, begin + 120_000)).toEqual(nothing);
    });
  });
