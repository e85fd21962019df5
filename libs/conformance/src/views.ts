export { auditIndexContract } from './views-audit-index.ts';
export { credentialsContract } from './views-credentials.ts';
export { discoveryContract } from './views-discovery.ts';
export { dueTimesContract } from './views-due-times.ts';
export { feedsContract, type MadeFeeds } from './views-feeds.ts';
export { type FeedsPair, feedsRebuiltContract } from './views-feeds-rebuilt.ts';
export { sessionQuotaContract } from './views-session-quota.ts';
export { sessionsContract } from './views-sessions.ts';
export { viewContract } from './views-view.ts';
