import type { CredentialEvent, DomainEvent, OperationsEvent, SessionEvent } from '@signalbox/domain';
import type { EventCodec } from '@signalbox/event-sourcing';
import { createCodec, type Written } from './codec.ts';
import { schemas } from './schemas.ts';

/** Reads and writes every event of the domain, for projections; `only` narrows it to what one decider understands. */
export interface DomainEventCodec extends EventCodec<DomainEvent> {
  /** An event of another category is of an unknown type here. */
  readonly only: {
    readonly session: EventCodec<SessionEvent>;
    readonly credential: EventCodec<CredentialEvent>;
    readonly operations: EventCodec<OperationsEvent>;
  };
}

/** The codec of the log. One for each process: what any part of it encodes, every part knows again unparsed. */
export const createEventCodec = (): DomainEventCodec => {
  const written: Written = new WeakMap();
  return {
    ...createCodec([...schemas.session, ...schemas.credential, ...schemas.operations], written),
    only: {
      session: createCodec(schemas.session, written),
      credential: createCodec(schemas.credential, written),
      operations: createCodec(schemas.operations, written),
    },
  };
};
