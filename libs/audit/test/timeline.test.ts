import type { ObservationEvent, OperationsEvent } from '@signalbox/domain';
import {
  answered,
  answeredAt,
  candidatesAdded,
  issued,
  offered,
  offerTtlMs,
  revoked,
  rotated,
  scanningHistory,
  sdpOffer,
  t0,
  withdrawn,
} from '@signalbox/testing';
import { diagnose } from '@signalbox/verdict';
import { describe, expect, it } from 'vitest';
import { createTimelines } from '../src/index.ts';
import { aLog, dateOf, type Rig } from './rig.ts';

const timelinesOf = ({ log, read, time }: Rig) =>
  createTimelines({ log, history: scanningHistory(log), read, diagnose, now: () => time.now, dateOf });

const redaction = {
  type: 'SessionRedacted',
  data: { reason: 'erasure', policy: 'e1', redactedAt: t0 + 9_000 },
} as const;

const refused = (count: number, firstAt: number, detail: string | null = null): ObservationEvent => ({
  type: 'RefusalsCounted',
  data: {
    refusals: [
      {
        ...{ code: 'OFFER_ALREADY_ANSWERED', operation: 'answer', identity: 'carol', count },
        ...{ firstAt, lastAt: firstAt + 10, detail },
      },
    ],
    recordedAt: firstAt + 1_000,
  },
});

const started = (startedAt: number): OperationsEvent => ({
  type: 'ProcessStarted',
  data: { role: 'standalone', instance: `i${startedAt}`, version: '1.0.0', startedAt },
});

/** A call of alice and bob, with a restart in the middle and another one before. */
const aCall = async () => {
  const rig = aLog();
  const { time } = rig;
  time.now = t0 - 1_000;
  await rig.operation([started(t0 - 1_000)]);
  time.now = t0;
  await rig.session('s1', [offered()], { actor: 'alice' });
  await rig.session('other', [offered({ publisher: 'mallory' })], { actor: 'mallory' });
  time.now = answeredAt;
  await rig.session('s1', [answered(), candidatesAdded()], { actor: 'bob', trace: null });
  await rig.observed('s1', [refused(3, t0 + 1_100)]);
  await rig.operation([
    started(answeredAt),
    { type: 'AuthenticationFailuresCounted', data: { minute: t0, counts: [] } },
  ]);
  time.now = t0 + 2_000;
  await rig.session('s1', [withdrawn()], { actor: 'alice' });
  await rig.observed('s1', [refused(2, t0 + 1_500), refused(1, t0 + 1_000, 'another')]);
  time.now = t0 + 3_000;
  await rig.operation([started(t0 + 3_000)]);
  return rig;
};

describe('the timeline of a session', () => {
  it('shows what happened to it and around it, in the order of the log, opened', async () => {
    const rig = await aCall();
    const timeline = await timelinesOf(rig).session('s1');
    expect(timeline).toMatchObject({
      ...{ sessionId: 's1', state: 'withdrawn', offerer: 'alice', answerer: 'bob', redacted: false },
    });
    expect(timeline?.entries.map(({ type, at, actor }) => [type, at - t0, actor])).toEqual([
      ['OfferPublished', 0, 'alice'],
      ['OfferAnswered', 1_000, 'bob'],
      ['CandidatesAdded', 1_000, 'bob'],
      ['RefusalsCounted', 1_000, 'alice'],
      ['ProcessStarted', 1_000, 'alice'],
      ['SessionWithdrawn', 2_000, 'alice'],
      ['RefusalsCounted', 2_000, 'alice'],
      ['RefusalsCounted', 2_000, 'alice'],
      ['ProcessStarted', 3_000, 'alice'],
    ]);
    const [first] = timeline?.entries ?? [];
    expect(first).toEqual({
      ...{ position: 2, stream: 'session-s1', revision: 0, eventId: expect.any(String), type: 'OfferPublished' },
      ...{ schemaVersion: 1, at: t0, actor: 'alice', correlationId: 'request-1', causationId: 'request-1' },
      traceId: '0af7651916cd43dd8448eb211c80319c',
      authorisation: expect.objectContaining({ scheme: 'http-signature', signature: 'c2lnbmF0dXJl' }),
      ...{ keyId: expect.any(String), hash: null, previousHash: null, size: expect.any(Number) },
      ...{ payload: offered().data, readable: true },
    });
    expect(timeline?.entries[1]?.traceId).toBeNull();
  });

  it('tells each kind of refusal once, however often it was recorded', async () => {
    const timeline = await timelinesOf(await aCall()).session('s1');
    const kind = { code: 'OFFER_ALREADY_ANSWERED', operation: 'answer', identity: 'carol' };
    expect(timeline?.refusals).toEqual([
      { ...kind, count: 1, firstAt: t0 + 1_000, lastAt: t0 + 1_010, detail: 'another' },
      { ...kind, count: 5, firstAt: t0 + 1_100, lastAt: t0 + 1_510, detail: null },
    ]);
  });

  it('has what tells that the record may have gaps: drops that overlap it, and starts of a server that may have died', async () => {
    const rig = aLog();
    const { time } = rig;
    const dropped = (from: number, to: number): OperationsEvent => ({
      type: 'ObservationsDropped',
      data: { from, to, sessions: 3 },
    });
    await rig.session('s1', [offered()], { actor: 'alice' });
    await rig.operation([dropped(t0 - 100, t0 - 1), dropped(t0 - 100, t0)]);
    time.now = t0 + 2_000;
    await rig.session('s1', [withdrawn()], { actor: 'alice' });
    time.now = t0 + 303_000;
    await rig.operation([dropped(t0 + 302_000, t0 + 400_000), dropped(t0 + 302_001, t0 + 400_000)]);
    const gapsOf = async () =>
      (await timelinesOf(rig).session('s1'))?.entries
        .filter(({ stream }) => stream.startsWith('operations-'))
        .map(({ type, payload, at }) => [type, payload?.from ?? at]);
    const drops = [
      ['ObservationsDropped', t0 - 100],
      ['ObservationsDropped', t0 + 302_000],
    ];
    expect(await gapsOf()).toEqual(drops);
    // Something was recorded a while after the end: whoever did that was alive then, and this start is of no account.
    time.now = t0 + 3_600_000;
    await rig.operation([started(time.now)]);
    expect(await gapsOf()).toEqual(drops);
  });

  it.each([0, 30_000])(
    'has a drop that was told before it began, and speaks for it, %i ms into a day',
    async (into) => {
      const rig = aLog();
      const begin = Math.ceil(t0 / 86_400_000) * 86_400_000 + into;
      rig.time.now = begin - 59_000;
      const drop = { from: begin - 90_000, to: begin + 1_000, sessions: 3 };
      await rig.operation([
        { type: 'ObservationsDropped', data: { ...drop, to: begin - 1 } },
        { type: 'ObservationsDropped', data: drop },
        started(rig.time.now),
      ]);
      rig.time.now = begin;
      await rig.session('s1', [offered({ publishedAt: begin, expiresAt: begin + offerTtlMs })], { actor: 'alice' });
      rig.time.now = begin + 2_000;
      const timeline = await timelinesOf(rig).session('s1');
      expect(timeline?.entries.map(({ type, payload }) => [type, payload?.to ?? null])).toEqual([
        ['ObservationsDropped', begin + 1_000],
        ['OfferPublished', null],
      ]);
      expect(timeline?.verdict.certain).toBe(false);
    },
  );

  it('has the start of a server that was away from the end on, however long that was', async () => {
    const rig = aLog();
    const { time } = rig;
    await rig.session('s1', [offered()], { actor: 'alice' });
    time.now = t0 + 2_000;
    await rig.session('s1', [withdrawn()], { actor: 'alice' });
    time.now = t0 + 20 * 3_600_000;
    await rig.session('other', [offered()], { actor: 'mallory' });
    await rig.operation([started(time.now)]);
    const types = (await timelinesOf(rig).session('s1'))?.entries.map(({ type }) => type);
    expect(types).toEqual(['OfferPublished', 'SessionWithdrawn', 'ProcessStarted']);
  });

  it('comes with a verdict that rests on events of it', async () => {
    const timeline = await timelinesOf(await aCall()).session('s1');
    const positions = new Set(timeline?.entries.map(({ position }) => position));
    expect(timeline?.verdict.sentence).not.toBe('');
    for (const { position } of timeline?.verdict.evidence ?? []) expect(positions).toContain(position);
  });

  it('still tells who did what and when after the key was destroyed, and nothing else', async () => {
    const rig = await aCall();
    await rig.destroy('s1');
    const before = await timelinesOf(rig).session('s1');
    expect(before).toMatchObject({ state: 'unreadable', offerer: 'alice', answerer: 'bob', redacted: false });
    await rig.session('s1', [redaction], { actor: 'system:retention' });
    const timeline = await timelinesOf(rig).session('s1');
    expect(timeline).toMatchObject({ state: 'redacted', offerer: 'alice', answerer: 'bob', redacted: true });
    const ofSession = timeline?.entries.filter(({ stream }) => stream === 'session-s1') ?? [];
    expect(ofSession.map(({ type, readable }) => [type, readable])).toEqual([
      ['OfferPublished', false],
      ['OfferAnswered', false],
      ['CandidatesAdded', false],
      ['SessionWithdrawn', false],
      ['SessionRedacted', true],
    ]);
    expect(ofSession.every(({ payload, readable }) => (payload === null) === !readable)).toBe(true);
    expect(JSON.stringify(timeline)).not.toContain(sdpOffer.slice(0, 20));
    expect(timeline?.verdict).toMatchObject({ outcome: 'unknown' });
  });

  it('has expired at its due time, whether or not that has been recorded', async () => {
    const rig = aLog();
    await rig.session('s1', [offered()]);
    rig.time.now = t0 + offerTtlMs - 1;
    expect(await timelinesOf(rig).session('s1')).toMatchObject({ state: 'open', answerer: null });
    rig.time.now++;
    expect(await timelinesOf(rig).session('s1')).toMatchObject({ state: 'expired' });
  });

  it('shows a damaged payload as what cannot be read, and all the others', async () => {
    const rig = await aCall();
    const all = await rig.log.readAll(0, 100);
    const damaged = all.find(({ type }) => type === 'OfferAnswered');
    if (damaged) damaged.data[damaged.data.length - 1] = (damaged.data.at(-1) ?? 0) ^ 1;
    const timeline = await timelinesOf(rig).session('s1');
    expect(timeline?.entries.filter(({ readable }) => !readable).map(({ type }) => type)).toEqual(['OfferAnswered']);
    expect(timeline?.state).toBe('unreadable');
  });

  it('is not there for a session that never was', async () => {
    expect(await timelinesOf(await aCall()).session('s2')).toBeUndefined();
  });
});

describe('the timeline of a credential', () => {
  it('shows everything but its secrets, not even as they are sealed', async () => {
    const rig = aLog();
    await rig.credential('carol', [issued({ sealedSecret: 'sealed-canary-1' })]);
    await rig.credential('carol', [rotated({ sealedSecret: 'sealed-canary-2' })]);
    const timelines = timelinesOf(rig);
    const timeline = await timelines.credential('carol');
    expect(timeline).toMatchObject({ name: 'carol', state: 'active', redacted: false });
    expect(timeline?.entries.map(({ type }) => type)).toEqual(['CredentialIssued', 'CredentialRotated']);
    expect(timeline?.entries[0]?.payload).toMatchObject({ issuedAt: t0, lifetime: 'fixed' });
    expect(JSON.stringify(timeline)).not.toMatch(/canary|sealedSecret/);
    await rig.credential('carol', [revoked()]);
    expect(await timelines.credential('carol')).toMatchObject({ state: 'revoked' });
    expect(await timelines.credential('nobody')).toBeUndefined();
  });
});
