import type { CredentialEvent, SessionEvent } from '@signalbox/domain';
import { bindProjection, type Decoded, type StreamName, streamName, type View } from '@signalbox/event-sourcing';
import type {
  AuditIndex,
  Forgets,
  RecordedCredentialRow,
  RecordedFilter,
  RecordedPoint,
  RecordedSessionRow,
} from '@signalbox/read-models';
import { recordedCredentials, recordedSessions } from '@signalbox/read-models/projections';
import {
  answered,
  candidatesHeld,
  expired,
  issued,
  metadata,
  offered,
  offerTtlMs,
  retagged,
  revoked,
  seededChance,
  t0,
  withdrawn,
} from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';

type MadeIndex = Forgets & {
  readonly sessions: View<RecordedSessionRow>;
  readonly credentials: View<RecordedCredentialRow>;
  readonly index: AuditIndex;
};

const any: RecordedFilter = { identity: null, tag: null, trace: null, from: null, to: null };
const traceOf = (n: number) => n.toString(16).padStart(32, '0');

const redacted = (redactedAt: number) =>
  ({ type: 'SessionRedacted', data: { reason: 'erasure', policy: 'e1', redactedAt } }) as const;

const driveIndex = ({ sessions, credentials }: MadeIndex) => {
  const streams = new Map<StreamName, number>();
  const bound = {
    session: bindProjection(recordedSessions, sessions, async () => []),
    credential: bindProjection(recordedCredentials, credentials, async () => []),
  };
  let position = 0;
  const decoded = <E>(category: string, id: string, event: E, trace: string | null): Decoded<E> => {
    const stream = streamName(category, id);
    const revision = (streams.get(stream) ?? -1) + 1;
    streams.set(stream, revision);
    position += 3;
    return {
      ...{ id: `event-${position}`, stream, revision, position, recordedAt: t0 + position, event },
      metadata: metadata({ trace: trace && `00-${trace}-b7ad6b7169203331-01` }),
      ...{ keyId: null, hash: null, previousHash: null },
    };
  };
  return {
    session: async (id: string, events: readonly SessionEvent[], trace: string | null = null) => {
      const batch = events.map((event) => decoded('session', id, event, trace));
      await bound.session.apply(batch, position);
      await bound.credential.apply([], position);
      return batch;
    },
    credential: async (name: string, ...events: readonly CredentialEvent[]) => {
      const batch = events.map((event) => decoded('credential', name, event, null));
      await bound.credential.apply(batch, position);
      await bound.session.apply([], position);
    },
    again: (batch: readonly Decoded<SessionEvent>[]) => bound.session.apply(batch, batch.at(-1)?.position ?? 0),
    get position() {
      return position;
    },
  };
};

/** What was recorded is found by each of its marks, in one order, and forgotten in time. */
export const auditIndexContract = (adapter: string, make: () => Promise<MadeIndex>) =>
  describe(`AuditIndex contract: ${adapter}`, () => {
    let made: MadeIndex;
    let drive: ReturnType<typeof driveIndex>;
    beforeEach(async () => {
      made = await make();
      drive = driveIndex(made);
    });

    const ids = async (filter: Partial<RecordedFilter>, after: RecordedPoint | null = null, limit = 100) =>
      (await made.index.sessions({ ...any, ...filter }, after, limit)).map(({ sessionId }) => sessionId);

    it('knows nothing at first', async () => {
      expect(await ids({})).toEqual([]);
      expect(await made.index.session('s1')).toBeUndefined();
      expect(await made.index.credential('carol')).toBeUndefined();
      expect(await made.index.endedCredentials(t0, 10)).toEqual([]);
      expect(await made.index.position()).toBe(0);
    });

    it('gives every field of what became of a session', async () => {
      const service = { name: 'chat', version: '1.2.0' };
      await drive.session('s1', [offered({ service })], traceOf(1));
      const open: RecordedSessionRow = {
        ...{ sessionId: 's1', publisher: 'alice', answerer: null, visitors: [], tags: ['chat', 'de'] },
        ...{ traces: [traceOf(1)], service, publishedAt: t0, endedAt: null, state: 'open', redacted: false },
      };
      expect(await made.index.session('s1')).toEqual(open);
      await drive.session('s1', [retagged(), candidatesHeld({ identity: 'carol' })], traceOf(2));
      await drive.session('s1', [answered()], traceOf(1));
      const live = {
        ...{ ...open, answerer: 'bob', visitors: ['carol'], tags: ['chat', 'de', 'games'] },
        ...{ traces: [traceOf(1), traceOf(2)], state: 'answered' },
      };
      expect(await made.index.session('s1')).toEqual(live);
      const ended = { ...live, state: 'expired', endedAt: t0 + offerTtlMs };
      await drive.session('s1', [expired({ was: 'answered' })]);
      expect(await made.index.sessions(any, null, 10)).toEqual([ended]);
      await drive.session('s1', [redacted(t0 + 99_000)]);
      expect(await made.index.session('s1')).toEqual({ ...ended, tags: [], service: null, redacted: true });
      expect(await made.index.position()).toBe(drive.position);
    });

    it('finds a session by who took part, by each tag it ever carried, by trace and by time', async () => {
      await drive.session('s1', [offered({ publishedAt: t0, tags: ['a'] }), retagged({ tags: ['b'] })], traceOf(1));
      await drive.session('s2', [offered({ publishedAt: t0 + 1, publisher: 'bob', tags: ['b'] })], traceOf(2));
      await drive.session('s1', [candidatesHeld({ identity: 'carol' }), answered({ answerer: 'bob' })], traceOf(3));
      expect(await ids({})).toEqual(['s2', 's1']);
      expect(await ids({ identity: 'alice' })).toEqual(['s1']);
      expect(await ids({ identity: 'bob' })).toEqual(['s2', 's1']);
      expect(await ids({ identity: 'carol' })).toEqual(['s1']);
      expect(await ids({ identity: 'dave' })).toEqual([]);
      expect(await ids({ tag: 'a' })).toEqual(['s1']);
      expect(await ids({ tag: 'b' })).toEqual(['s2', 's1']);
      expect(await ids({ trace: traceOf(2) })).toEqual(['s2']);
      expect(await ids({ trace: traceOf(3) })).toEqual(['s1']);
      expect(await ids({ from: t0 + 1 })).toEqual(['s2']);
      expect(await ids({ to: t0 + 1 })).toEqual(['s1']);
      expect(await ids({ identity: 'bob', tag: 'b', trace: traceOf(3), from: t0, to: t0 + 1 })).toEqual(['s1']);
      expect(await ids({ identity: 'alice', trace: traceOf(2) })).toEqual([]);
    });

    it('does not find by a tag what was redacted, and still by who took part', async () => {
      await drive.session('s1', [offered({ tags: ['a'] })], traceOf(1));
      await drive.session('s1', [redacted(t0 + 500)]);
      expect(await ids({ tag: 'a' })).toEqual([]);
      expect(await ids({ identity: 'alice' })).toEqual(['s1']);
      expect(await ids({ trace: traceOf(1) })).toEqual(['s1']);
      expect(await made.index.session('s1')).toMatchObject({ state: 'redacted', endedAt: t0 + 500 });
    });

    it('pages without a gap or a repetition, also among sessions of the same time', async () => {
      const chance = seededChance(11);
      const below = (count: number) => Math.floor(chance.fraction() * count);
      const rows: RecordedPoint[] = [];
      for (let i = 0; i < 60; i++) {
        const publishedAt = t0 + below(12);
        const publisher = `p${below(3)}`;
        await drive.session(`s${i}`, [offered({ publishedAt, publisher, tags: [`t${below(2)}`] })], traceOf(below(4)));
        rows.push({ publishedAt, sessionId: `s${i}` });
      }
      const order = rows
        .sort((a, b) => b.publishedAt - a.publishedAt || (a.sessionId < b.sessionId ? 1 : -1))
        .map(({ sessionId }) => sessionId);
      const filters: readonly Partial<RecordedFilter>[] = [
        {},
        { identity: 'p1' },
        { tag: 't0' },
        { trace: traceOf(2) },
        { from: t0 + 3, to: t0 + 9 },
        { identity: 'p0', tag: 't1', from: t0 + 2 },
      ];
      for (const filter of filters) {
        const all = await ids(filter);
        expect(all).toEqual(order.filter((id) => all.includes(id)));
        const paged: string[] = [];
        for (let after: RecordedPoint | null = null; ; ) {
          const page: readonly RecordedSessionRow[] = await made.index.sessions({ ...any, ...filter }, after, 7);
          paged.push(...page.map(({ sessionId }) => sessionId));
          after = page.at(-1) ?? null;
          if (page.length < 7) break;
        }
        expect(paged).toEqual(all);
      }
      expect(await ids({})).toEqual(order);
    });

    it('shows what comes twice once', async () => {
      const batch = await drive.session('s1', [offered(), withdrawn()]);
      await drive.again(batch);
      await drive.again(batch.slice(0, 1));
      expect(await made.index.sessions(any, null, 10)).toMatchObject([{ sessionId: 's1', state: 'withdrawn' }]);
    });

    it('forgets what ended before a time wholly, and nothing that lives', async () => {
      await drive.session('s1', [offered({ tags: ['a'] }), withdrawn({ withdrawnAt: t0 + 10 })], traceOf(1));
      await drive.session('s2', [offered({ tags: ['a'] }), withdrawn({ withdrawnAt: t0 + 20 })], traceOf(1));
      await drive.session('s3', [offered({ tags: ['a'] })], traceOf(1));
      expect(await made.forget(t0 + 20)).toBe(1);
      for (const filter of [{}, { identity: 'alice' }, { tag: 'a' }, { trace: traceOf(1) }, { from: t0 }]) {
        expect(await ids(filter)).toEqual(['s3', 's2']);
      }
      expect(await made.index.session('s1')).toBeUndefined();
      expect(await made.forget(t0 + 20)).toBe(0);
    });

    it('tells which credentials have ended and are not redacted, the first to end first', async () => {
      await drive.credential('a', issued(), revoked({ revokedAt: t0 + 30 }));
      await drive.credential('b', issued(), {
        type: 'CredentialExpired',
        data: { dueAt: t0 + 10, expiredAt: t0 + 11 },
      });
      await drive.credential('c', issued());
      await drive.credential('d', issued(), revoked({ revokedAt: t0 + 20 }));
      const ended = async (before: number, limit = 10) =>
        (await made.index.endedCredentials(before, limit)).map(({ name }) => name);
      expect(await ended(t0 + 31)).toEqual(['b', 'd', 'a']);
      expect(await ended(t0 + 30)).toEqual(['b', 'd']);
      expect(await ended(t0 + 31, 1)).toEqual(['b']);
      await drive.credential('b', {
        type: 'CredentialRedacted',
        data: { reason: 'retention', policy: '7 days', redactedAt: t0 + 99 },
      });
      expect(await ended(t0 + 31)).toEqual(['d', 'a']);
      expect(await made.index.credential('b')).toEqual({
        ...{ name: 'b', issuedAt: t0, endedAt: t0 + 10, redacted: true },
      });
      expect(await made.index.credential('c')).toEqual({ name: 'c', issuedAt: t0, endedAt: null, redacted: false });
      // What still has to be redacted is not forgotten.
      expect(await made.forget(t0 + 1_000)).toBe(1);
      expect(await made.index.credential('b')).toBeUndefined();
      expect(await ended(t0 + 31)).toEqual(['d', 'a']);
    });
  });
