export * from './event-log.ts';
export * from './idempotency-store.ts';
export * from './nonce-store.ts';
export * from './rate-limiter.ts';
export * from './views.ts';
