export { type Audit, createAudit } from './audit.ts';
export { asJson, canonicalJson, type Json, stateHash } from './canonical-json.ts';
export { createDiscoveryAt, type DiscoveryAt, type DiscoveryAtMoment } from './discovery-at.ts';
export { type Entry, entryOf, traceIdOf } from './entry.ts';
export { createEventReader, type EventReader, type ReadEvent } from './event-reader.ts';
export type { Deeds } from './identities.ts';
export { createLogPages, type EventFilter, type EventsPage, type LogPages } from './log-pages.ts';
export type { History } from './ports/history.ts';
export { createReplay, pagesOf, type Replay, type Replayed, replay, type Until } from './replay.ts';
export { createStates, type Moment, type StateAt, type States } from './states.ts';
export {
  type CredentialTimeline,
  createTimelines,
  type SessionState,
  type Timeline,
  type Timelines,
} from './timeline.ts';
