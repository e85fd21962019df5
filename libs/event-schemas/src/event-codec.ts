import type { CredentialEvent, DomainEvent, ObservationEvent, OperationsEvent, SessionEvent } from '@signalbox/domain';
import type { EventCodec, PayloadSeal } from '@signalbox/event-sourcing';
import { createCodec, type Written } from './codec.ts';
import type { EventSchema } from './event-schema.ts';
import { schemas } from './schemas.ts';

/** Reads and writes every event of the domain, for projections; `only` narrows it to what one decider understands. */
export interface DomainEventCodec extends EventCodec<DomainEvent> {
  /** Whether there is a schema for events of this type. */
  readonly knows: (type: string) => boolean;
  /** An event of another category is of an unknown type here. */
  readonly only: {
    readonly session: EventCodec<SessionEvent>;
    readonly credential: EventCodec<CredentialEvent>;
    readonly observation: EventCodec<ObservationEvent>;
    readonly operations: EventCodec<OperationsEvent>;
  };
}

/** The codec of the log. One for each process: what any part of it encodes, every part knows again unopened. */
export const createEventCodec = (seal: PayloadSeal): DomainEventCodec => {
  const written: Written = new WeakMap();
  const codecOf = <S extends EventSchema<string, unknown>>(list: readonly S[]) => createCodec(list, seal, written);
  const { session, credential, observation, operations } = schemas;
  const all = [...session, ...credential, ...observation, ...operations];
  const types = new Set<string>(all.map(({ type }) => type));
  return {
    ...codecOf(all),
    knows: (type) => types.has(type),
    only: {
      session: codecOf(session),
      credential: codecOf(credential),
      observation: codecOf(observation),
      operations: codecOf(operations),
    },
  };
};
