import type { CredentialEvent } from './credential/decider.ts';
import type { ObservationEvent } from './observation/index.ts';
import type { OperationsEvent } from './operations/events.ts';
import type { SessionEvent } from './session/index.ts';

export * from './credential/decider.ts';
export * from './observation/index.ts';
export * from './operations/decider.ts';
export type { Counts, OperationsEvent, SweepCounts } from './operations/events.ts';
export * from './session/index.ts';

export type DomainEvent = SessionEvent | CredentialEvent | ObservationEvent | OperationsEvent;
