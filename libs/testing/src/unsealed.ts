import type { EventChain, PayloadSeal } from '@signalbox/event-sourcing';

/** A test double: seals nothing, for tests of what is stored and not of how. */
export const unsealed: PayloadSeal = {
  seal: async (_stream, _firstRevision, payloads) => ({ keyId: null, data: payloads.map(({ data }) => data) }),
  open: async (payloads) => payloads.map(({ data }) => data),
};

/** A test double: no event is chained to another. */
export const unchained: EventChain = () => new Uint8Array();
