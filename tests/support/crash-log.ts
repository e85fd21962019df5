import { type CredentialEvent, credential, type DomainEvent, type SessionEvent, session } from '@signalbox/domain';
import { categoryOf, type Decoded, type StreamName } from '@signalbox/event-sourcing';
import { expect } from 'vitest';
import type { Acknowledged } from './crash-load.ts';

type Recorded = Decoded<DomainEvent>;

/** The log is whole in itself, and holds what was acknowledged once, and nothing by half. */
export const expectFaithfulLog = (log: readonly Recorded[], acknowledged: Acknowledged): void => {
  expect(new Set(log.map(({ id }) => id)).size, 'an event id twice').toBe(log.length);
  expect(
    log.every(({ position }, i) => i === 0 || position > log[i - 1]!.position),
    'positions grow',
  ).toBe(true);
  expect(
    log.every(({ recordedAt }, i) => i === 0 || recordedAt >= log[i - 1]!.recordedAt),
    'time goes on',
  ).toBe(true);
  const streams = Map.groupBy(log, ({ stream }) => stream);
  for (const [stream, events] of streams) {
    expect(
      events.map(({ revision }) => revision),
      stream,
    ).toEqual(events.map((_, index) => index));
    if (categoryOf(stream) === 'session') expectWholeSession(stream, events);
    if (categoryOf(stream) === 'credential') expectWholeCredential(stream, events);
  }
  expectOnce(log);
  expectAcknowledged(streams, acknowledged);
};

/** Folds a stream; every event has to change the state, or it should not have been recorded. */
const expectWholeSession = (stream: StreamName, recorded: readonly Recorded[]) => {
  const events = recorded.map(({ event }) => event as SessionEvent);
  let state = session.initial;
  for (const event of events) {
    const after = session.evolve(state, event);
    expect(after, `${stream}: ${event.type} has no effect`).not.toBe(state);
    state = after;
  }
  const ends = events.filter(({ type }) => type === 'SessionWithdrawn' || type === 'SessionExpired');
  expect(ends.length, `${stream} ended twice`).toBeLessThanOrEqual(1);
  expect(events.filter(({ type }) => type === 'OfferAnswered').length, stream).toBeLessThanOrEqual(1);
  for (const [index, event] of events.entries()) {
    if (event.type !== 'OfferAnswered') continue;
    const { answerer } = event.data;
    const ahead = events.slice(0, index).flatMap((e) => {
      return e.type === 'CandidatesHeld' && e.data.identity === answerer ? e.data.candidates : [];
    });
    const promoted = events[index + 1];
    if (ahead.length === 0) continue;
    expect(promoted?.type === 'CandidatesAdded' && promoted.data.candidates, `${stream}: half an answer`).toEqual(
      ahead,
    );
  }
};

const expectWholeCredential = (stream: StreamName, recorded: readonly Recorded[]) => {
  const events = recorded.map(({ event }) => event as CredentialEvent);
  let state = credential.initial;
  for (const event of events) {
    const after = credential.evolve(state, event);
    expect(after, `${stream}: ${event.type} has no effect`).not.toBe(state);
    state = after;
  }
  const ends = events.filter(({ type }) => type === 'CredentialRevoked' || type === 'CredentialExpired');
  expect(ends.length, `${stream} ended twice`).toBeLessThanOrEqual(1);
};

/** Every description and candidate that was sent is like no other, so a second one is a command that ran twice. */
const expectOnce = (log: readonly Recorded[]) => {
  const sdps: string[] = [];
  const candidates: string[] = [];
  for (const { event } of log) {
    if (event.type === 'OfferPublished' || event.type === 'OfferAnswered') sdps.push(event.data.sdp);
    if (event.type === 'CandidatesAdded') candidates.push(...event.data.candidates.map((c) => JSON.stringify(c)));
  }
  expect(
    sdps.filter((sdp, index) => sdps.indexOf(sdp) !== index),
    'descriptions stored twice',
  ).toEqual([]);
  expect(candidates.length - new Set(candidates).size, 'candidates stored twice').toBe(0);
};

const expectAcknowledged = (
  streams: ReadonlyMap<string, readonly Recorded[]>,
  { sessions, credentials }: Acknowledged,
) => {
  const eventsOf = (stream: string) => (streams.get(stream) ?? []).map(({ event }) => event);
  for (const known of sessions) {
    const events = eventsOf(`session-${known.id}`);
    const [published] = events;
    expect(published?.type === 'OfferPublished' && published.data, known.id).toMatchObject({
      ...{ publisher: known.publisher.caller.identity, tags: [known.tag], sdp: known.sdp },
    });
    const answered = events.find(({ type }) => type === 'OfferAnswered');
    expect(answered?.type === 'OfferAnswered' ? answered.data.sdp : null, known.id).toBe(known.answer?.sdp ?? null);
    const added = (role: 'offerer' | 'answerer') =>
      events.flatMap((e) => (e.type === 'CandidatesAdded' && e.data.role === role ? e.data.candidates : []));
    expect(added('offerer'), known.id).toEqual(known.fromOfferer);
    if (known.answer) expect(added('answerer'), known.id).toEqual(known.fromAnswerer);
    expect(
      events.some(({ type }) => type === 'SessionWithdrawn'),
      known.id,
    ).toBe(known.withdrawn);
    if (known.brief && !known.withdrawn) {
      const end = events.find(({ type }) => type === 'SessionExpired');
      const dueAt = published?.type === 'OfferPublished' ? published.data.expiresAt : 0;
      expect(end?.type === 'SessionExpired' && end.data, `${known.id} has its end`).toMatchObject({ dueAt });
    }
  }
  for (const known of credentials) {
    const events = eventsOf(`credential-${known.name}`);
    expect(events[0]?.type, known.name).toBe('CredentialIssued');
    expect(
      events.some(({ type }) => type === 'CredentialRevoked'),
      known.name,
    ).toBe(known.revoked);
  }
};
