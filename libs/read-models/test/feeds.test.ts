import {
  answered,
  candidatesAdded,
  candidatesHeld,
  expired,
  offered,
  redacted,
  retagged,
  sdpAnswer,
  t0,
  withdrawn,
} from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { feeds } from '../src/projections/index.ts';
import { fold } from './fold.ts';

/** An item for somebody, given by event `revision` of the stream. */
const item = (revision: number, recipient: string, delivered: unknown, index = 0) => ({
  recipient,
  sessionId: 'one',
  recordedAt: t0 + revision,
  position: 10 + revision,
  index,
  delivered,
});
const answer = { type: 'answered', answerer: 'bob', sdp: sdpAnswer, matchedTags: ['chat'] };
const ofAlice = (...candidates: readonly string[]) =>
  candidatesAdded({ role: 'offerer', identity: 'alice', candidates });
const ofBob = (...candidates: readonly string[]) => candidatesAdded({ candidates });

describe('the feeds projection', () => {
  it('tells nobody of an offer, its tags, or candidates that are held', () => {
    const { row, out } = fold(feeds, offered(), retagged(), candidatesHeld());
    expect(out).toEqual([[], [], []]);
    expect(row).toEqual({ publisher: 'alice', answerer: null, waiting: [] });
  });

  it('tells the offerer of the answer', () => {
    const { row, out } = fold(feeds, offered(), answered());
    expect(out).toEqual([[], [item(1, 'alice', answer)]]);
    expect(row).toEqual({ publisher: 'alice', answerer: 'bob', waiting: [] });
  });

  it('keeps the offerer’s candidates for whoever answers, and gives them in one item', () => {
    const waiting = fold(feeds, offered(), ofAlice('a', 'b'), ofAlice('c'));
    expect(waiting.out).toEqual([[], [], []]);
    expect(waiting.row).toEqual({ publisher: 'alice', answerer: null, waiting: ['a', 'b', 'c'] });
    const { row, out } = fold(feeds, offered(), ofAlice('a', 'b'), ofAlice('c'), answered());
    const candidates = {
      type: 'candidates',
      from: 'alice',
      role: 'offerer',
      candidates: ['a', 'b', 'c'],
      firstIndex: 0,
    };
    expect(out[3]).toEqual([item(3, 'alice', answer), item(3, 'bob', candidates, 1)]);
    expect(row).toEqual({ publisher: 'alice', answerer: 'bob', waiting: [] });
  });

  it('gives each party the other’s candidates after the answer', () => {
    const { out } = fold(feeds, offered(), answered(), ofBob('b1', 'b2'), ofAlice('a1'));
    expect(out.slice(2)).toEqual([
      [
        item(2, 'alice', {
          type: 'candidates',
          from: 'bob',
          role: 'answerer',
          candidates: ['b1', 'b2'],
          firstIndex: 0,
        }),
      ],
      [item(3, 'bob', { type: 'candidates', from: 'alice', role: 'offerer', candidates: ['a1'], firstIndex: 0 })],
    ]);
  });

  it('tells the answerer of a withdrawal, and nobody when there was none', () => {
    const told = item(2, 'bob', { type: 'withdrawn', reason: 'replaced' });
    expect(fold(feeds, offered(), answered(), withdrawn({ reason: 'replaced' })).out[2]).toEqual([told]);
    expect(fold(feeds, offered(), withdrawn()).out[1]).toEqual([]);
  });

  it('tells both parties of an expiry, and the offerer of that of an open offer', () => {
    const was = { type: 'expired', was: 'answered' };
    const both = fold(feeds, offered(), answered(), expired({ was: 'answered' }));
    expect(both.out[2]).toEqual([item(2, 'alice', was), item(2, 'bob', was)]);
    expect(fold(feeds, offered(), expired()).out[1]).toEqual([item(1, 'alice', { type: 'expired', was: 'open' })]);
  });

  it('remembers nothing of a session once it has ended', () => {
    expect(fold(feeds, offered(), answered(), withdrawn()).row).toBeUndefined();
    expect(fold(feeds, offered(), answered(), expired()).row).toBeUndefined();
  });

  it('takes back what was told of a session that is redacted, whatever it knows of it', () => {
    for (const before of [[], [offered(), answered()], [offered(), answered(), expired()]]) {
      const { row, out } = fold(feeds, ...before, redacted());
      expect([row, out.at(-1)]).toEqual([undefined, [{ takenBack: 'one' }]]);
    }
  });

  it('tells whoever answered their own offer each thing once, and not what they sent themselves', () => {
    const own = offered({ publisher: 'bob' });
    const sent = candidatesAdded({ role: 'offerer', identity: 'bob' });
    const { out } = fold(feeds, own, sent, answered(), candidatesAdded(), expired({ was: 'answered' }));
    expect(out).toEqual([[], [], [item(2, 'bob', answer)], [], [item(4, 'bob', { type: 'expired', was: 'answered' })]]);
    expect(fold(feeds, own, answered(), withdrawn()).out[2]).toEqual([]);
  });

  it('tells nobody anything of a stream whose beginning it has not seen', () => {
    for (const event of [answered(), candidatesAdded(), withdrawn(), expired()]) {
      expect(fold(feeds, event)).toEqual({ row: undefined, out: [[]] });
    }
  });
});
