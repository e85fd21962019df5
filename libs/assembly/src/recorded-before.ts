import type { Config } from '@signalbox/runtime';

/**
 * What ended before this time (epoch milliseconds) the audit index may forget: what was redacted is found for as long
 * again as it could be read, and an epoch ends later than what it began with.
 */
export const recordedBefore = (
  { retentionMs, keyEpochMs }: Pick<Config['lifetimes'], 'retentionMs' | 'keyEpochMs'>,
  now: number,
): number => now - 2 * retentionMs - keyEpochMs;
