export { UnwritableEvent } from './codec.ts';
export { createEventCodec, type DomainEventCodec } from './event-codec.ts';
