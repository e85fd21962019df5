export { credentials } from './credentials.ts';
export { discovery } from './discovery.ts';
export { credentialDueTimes, sessionDueTimes } from './due-times.ts';
export { feeds } from './feeds.ts';
export { recordedCredentials, recordedSessions } from './recorded.ts';
export { sessions } from './sessions.ts';
