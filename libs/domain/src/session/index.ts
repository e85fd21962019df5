export type { SessionCommand, SessionRejection } from './commands.ts';
export { type SessionDecision, session } from './decider.ts';
export type { Opaque, Role, SessionEvent } from './events.ts';
export type { Service } from './service.ts';
export type { Answered, Ended, Open, Session } from './state.ts';
export { MAX_IDENTITIES_HELD, MAX_TIMES_HELD } from './trickle.ts';
