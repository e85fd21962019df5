export * from './discover.ts';
export * from './feed-queries.ts';
export * from './notices.ts';
export * from './session-queries.ts';
