import type { CredentialEvent } from './credential/decider.ts';
import type { OperationsEvent } from './operations/decider.ts';
import type { SessionEvent } from './session/index.ts';

export * from './credential/decider.ts';
export * from './operations/decider.ts';
export * from './session/index.ts';

export type DomainEvent = SessionEvent | CredentialEvent | OperationsEvent;
