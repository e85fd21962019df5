/**
 * Lanes split the log so that its parts can be worked on side by side. A stream is in one lane for ever, and within a
 * lane events are carried in the order of the log, however many partitions, processes or rows the lanes are dealt to.
 */

import type { StreamName } from './ports/event-log.ts';

/** Fixed for ever: positions are remembered per lane, and partitions are chosen by it. */
export const LANES = 64;

const OFFSET_BASIS = 0x811c9dc5;
const PRIME = 0x01000193;

const utf8 = new TextEncoder();

/**
 * The lane of a stream, 0 to `LANES - 1`: FNV-1a (32 bits) of its name in UTF-8, then the finaliser of MurmurHash3,
 * because the low bits of FNV alone depend on too little of a short name.
 */
export const laneOf = (stream: StreamName): number => {
  let hash = OFFSET_BASIS;
  for (const byte of utf8.encode(stream)) hash = Math.imul(hash ^ byte, PRIME);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return ((hash ^ (hash >>> 16)) >>> 0) % LANES;
};
