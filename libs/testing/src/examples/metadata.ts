import type { EventMetadata } from '@signalbox/event-sourcing';
import { t0 } from './session.ts';

/** What is stored beside an event that alice caused with a signed request. */
export const metadata = (overrides?: Partial<EventMetadata>): EventMetadata => ({
  actor: 'alice',
  correlationId: 'request-1',
  causationId: 'request-1',
  trace: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01',
  authorisation: {
    scheme: 'http-signature',
    key: 'alice',
    algorithm: 'hmac-sha256',
    nonce: 'nonce-1',
    timestamp: t0,
    signature: 'c2lnbmF0dXJl',
    signedTextHash: 'PCR7ObfFjXpBTQM1IytMJ8ViUXiWNxEHPNVJRDPb3UI',
  },
  ...overrides,
});
