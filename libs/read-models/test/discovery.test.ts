import {
  answered,
  candidatesAdded,
  candidatesHeld,
  expired,
  offered,
  offerTtlMs,
  retagged,
  sdpOffer,
  t0,
  withdrawn,
} from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { discovery } from '../src/projections/index.ts';
import { fold } from './fold.ts';

const service = { name: 'chat', version: '1.2.0' };
const open = {
  sessionId: 'one',
  publisher: 'alice',
  tags: ['chat', 'de'],
  service,
  sdp: sdpOffer,
  createdAt: t0,
  expiresAt: t0 + offerTtlMs,
  order: 10,
};

describe('the discovery projection', () => {
  it('shows an open offer, ordered by the position at which it was published', () => {
    expect(fold(discovery, offered({ service })).row).toEqual(open);
  });

  it('keeps that order through new tags and candidates', () => {
    const events = [offered({ service }), candidatesAdded(), candidatesHeld(), retagged()];
    expect(fold(discovery, ...events).row).toEqual({ ...open, tags: ['games'] });
  });

  it.each([answered(), withdrawn(), expired()])('drops an offer at $type, for good', (end) => {
    expect(fold(discovery, offered(), end).row).toBeUndefined();
    expect(fold(discovery, offered(), end, retagged(), candidatesAdded()).row).toBeUndefined();
  });
});
