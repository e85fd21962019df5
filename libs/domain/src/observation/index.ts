export * from './decider.ts';
export type { CandidateType, ConnectionReport, Delivery, ObservationEvent, Refusal } from './events.ts';
