import { createHash } from 'node:crypto';
import type { NewEvent } from '@signalbox/event-sourcing';
import { describe, expect, it } from 'vitest';
import { eventHash, hex, leafData, sha256 } from '../src/index.ts';

const event: Omit<NewEvent, 'hash' | 'previousHash'> = {
  id: '00000000-0000-7000-8000-000000000001',
  type: 'OfferPublished',
  schemaVersion: 2,
  data: Buffer.from('{"sdp":"x"}'),
  keyId: 'k.1',
  metadata: {
    ...{ actor: 'ann “1”', correlationId: 'c', causationId: 'd', trace: '00-a-b-01' },
    authorisation: {
      ...{ scheme: 'http-signature', key: 'ann', algorithm: 'ed25519', nonce: 'n', timestamp: 1_760_000_000_123 },
      ...{ signature: 'c2ln', signedTextHash: 'aGFzaA' },
    },
  },
};

describe('the hash of an event', () => {
  it('is that of a text that anyone can write down', () => {
    const before = sha256('before');
    const text =
      '["signalbox/event/v1","session-s1",3,"00000000-0000-7000-8000-000000000001","OfferPublished",2,"k.1",' +
      '"ann “1”","c","d","00-a-b-01",["http-signature","ann","ed25519","n",1760000000123,"c2ln","aGFzaA"],' +
      `"${createHash('sha256').update('{"sdp":"x"}').digest('hex')}","${hex(before)}"]`;
    const made = eventHash('session-s1', 3, event, before);
    expect(hex(made)).toBe(createHash('sha256').update(text).digest('hex'));
    expect(made).toHaveLength(32);
    expect(leafData({ position: 7, recordedAt: 1_760 }, made)).toBe(`["signalbox/leaf/v1",7,1760,"${hex(made)}"]`);
  });

  it('changes with each of its parts', () => {
    const { metadata } = event;
    const { authorisation: allowed } = metadata;
    if (!allowed) throw new Error('The example has one.');
    const withMetadata = (more: Partial<NewEvent['metadata']>) => ({ ...event, metadata: { ...metadata, ...more } });
    const others: Omit<NewEvent, 'hash' | 'previousHash'>[] = [
      event,
      { ...event, id: event.id.replace('1', '2') },
      { ...event, type: 'Other' },
      { ...event, schemaVersion: 3 },
      { ...event, keyId: null },
      { ...event, data: Buffer.from('{"sdp":"y"}') },
      withMetadata({ actor: 'b' }),
      withMetadata({ correlationId: 'b' }),
      withMetadata({ causationId: 'b' }),
      withMetadata({ trace: null }),
      withMetadata({ authorisation: null }),
      ...Object.keys(allowed).map((field) => withMetadata({ authorisation: { ...allowed, [field]: null } })),
    ];
    const hashes = [
      ...others.map((other) => eventHash('session-s1', 3, other, null)),
      eventHash('session-s1', 3, event, sha256('')),
      eventHash('session-s1', 4, event, null),
      eventHash('session-s2', 3, event, null),
    ].map(hex);
    expect(new Set(hashes).size).toBe(others.length + 3);
  });
});
