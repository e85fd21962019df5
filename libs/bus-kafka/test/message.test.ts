import { type RecordedEvent, streamName } from '@signalbox/event-sourcing';
import { metadata } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { eventIn, headersOf } from '../src/message.ts';

const event: RecordedEvent = {
  id: '01890a5d-ac96-774b-bcce-b302099a8057',
  type: 'OfferPublished',
  schemaVersion: 2,
  data: new TextEncoder().encode('{"sdp":"v=0"}'),
  keyId: null,
  metadata: metadata({ trace: null, authorisation: null }),
  stream: streamName('session', 'alice-1'),
  revision: 0,
  position: 9_007_199_254_740_991,
  recordedAt: Date.UTC(2026, 10, 20, 15, 4, 5, 60),
  hash: null,
  previousHash: null,
};

const sealed: RecordedEvent = {
  ...event,
  keyId: 'epoch-7/session-alice-1',
  data: Uint8Array.of(0, 255, 128),
  metadata: metadata({ actor: 'Zoë' }),
  hash: new Uint8Array(32).fill(0xfb),
  previousHash: new Uint8Array(32).fill(0xff),
};

const messageOf = (one: RecordedEvent, changes?: Readonly<Record<string, unknown>>) => {
  const headers = { ...headersOf(one, 'urn:signalbox:test', 41), ...changes };
  const known = Object.entries(headers).filter(([, value]) => value !== undefined);
  return {
    key: Buffer.from(one.stream),
    value: Buffer.from(one.data),
    headers: Object.fromEntries(known.map(([name, value]) => [name, Buffer.from(String(value))])),
  };
};

describe('an event as a message', () => {
  it('is a CloudEvent in binary mode', () => {
    expect(headersOf(event, 'urn:signalbox:test', 41)).toEqual({
      'content-type': 'application/json',
      ce_specversion: '1.0',
      ce_id: '01890a5d-ac96-774b-bcce-b302099a8057',
      ce_type: 'OfferPublished',
      ce_source: 'urn:signalbox:test',
      ce_subject: 'session-alice-1',
      ce_time: '2026-11-20T15:04:05.060Z',
      ce_revision: '0',
      ce_position: '9007199254740991',
      ce_schemaversion: '2',
      ce_actor: 'alice',
      ce_correlationid: 'request-1',
      ce_causationid: 'request-1',
      ce_publishedupto: '41',
    });
  });

  it('bears what is not always there in headers of its own', () => {
    expect(headersOf(sealed, 'urn:signalbox:test', 0)).toMatchObject({
      'content-type': 'application/octet-stream',
      ce_keyid: 'epoch-7/session-alice-1',
      ce_actor: 'Zoë',
      ce_traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
      ce_authorisation: JSON.stringify(sealed.metadata.authorisation),
      ce_hash: '-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_v7-_s',
      ce_previoushash: '__________________________________________8',
    });
  });

  it.each([
    ['plain', event],
    ['sealed', sealed],
  ])('is read back with every field as it was: %s', (_, one) => {
    expect(eventIn(messageOf(one))).toEqual({ kind: 'event', publishedUpTo: 41, event: one });
  });

  it('is read in spite of headers that somebody added', () => {
    expect(eventIn(messageOf(event, { 'x-mirrored-by': 'another cluster' }))).toMatchObject({ kind: 'event' });
  });
});

describe('a message that is no event', () => {
  it.each([
    ['ce_specversion', undefined],
    ['ce_specversion', '0.3'],
    ['ce_id', 'not-a-uuid'],
    ['ce_type', ''],
    ['ce_subject', 'session'],
    ['ce_time', 'yesterday'],
    ['ce_revision', '-1'],
    ['ce_revision', '1.5'],
    ['ce_position', '9007199254740992'],
    ['ce_position', undefined],
    ['ce_schemaversion', 'two'],
    ['ce_authorisation', '{'],
    ['ce_authorisation', '{"scheme":"guess"}'],
    ['ce_publishedupto', undefined],
    ['ce_hash', 'a+b/'],
    ['content-type', 'text/html'],
  ])('is told by its header %s being %j, and nothing is thrown', (name, value) => {
    const read = eventIn(messageOf(event, { [name]: value }));
    expect(read.kind).toBe('unreadable');
    expect(read).toHaveProperty('detail', expect.stringMatching(/\w/));
  });

  it('is told by a key that is not the stream', () => {
    expect(eventIn({ ...messageOf(event), key: Buffer.from('session-other') })).toEqual({
      kind: 'unreadable',
      detail: 'key is not the stream',
    });
    expect(eventIn({ ...messageOf(event), key: null })).toMatchObject({ kind: 'unreadable' });
  });

  it('is told by having no value', () => {
    expect(eventIn({ ...messageOf(event), value: null })).toEqual({ kind: 'unreadable', detail: 'value has no value' });
  });

  it('is told by a header that comes twice', () => {
    const message = messageOf(event);
    const twice = { ...message.headers, ce_position: [Buffer.from('1'), Buffer.from('2')] };
    expect(eventIn({ ...message, headers: twice })).toMatchObject({ kind: 'unreadable' });
  });
});
