import {
  type AllStreamResolvedEvent,
  BACKWARDS,
  END,
  ErrorType,
  type EventStoreDBClient,
  FORWARDS,
  type ResolvedEvent,
  type StreamingRead,
} from '@eventstore/db-client';
import { kindOf } from './errors.ts';

/** Single attempts at reading; each ends its call on the server, however it is left. */

/**
 * Everything that a read gives, or as much of it as `enough` asks for. A read that is left early goes on flowing into
 * nothing while it is cancelled: the client never lets go of one that nobody empties.
 */
const collected = <E>(read: StreamingRead<E>, alive: () => void, enough?: (event: E) => boolean): Promise<E[]> => {
  const { promise, resolve, reject } = Promise.withResolvers<E[]>();
  const events: E[] = [];
  let left = false;
  const leave = () => {
    left = true;
    read.cancel().catch(() => undefined);
  };
  read.on('data', (event: E) => {
    if (left) return;
    alive();
    events.push(event);
    try {
      if (!enough?.(event)) return;
      resolve(events);
    } catch (error) {
      reject(error);
    }
    leave();
  });
  read.on('end', () => resolve(events));
  read.on('error', reject);
  return promise;
};

/** A stream from a revision on; empty when there is none. */
export const readEvents = async (
  client: EventStoreDBClient,
  stream: string,
  range: { readonly from: number; readonly maxCount?: number },
  alive: () => void,
): Promise<readonly ResolvedEvent[]> => {
  const read = client.readStream(stream, {
    fromRevision: BigInt(range.from),
    direction: FORWARDS,
    requiresLeader: true,
    ...(range.maxCount === undefined ? {} : { maxCount: range.maxCount }),
  });
  try {
    return await collected(read, alive);
  } catch (error) {
    if (kindOf(error) === ErrorType.STREAM_NOT_FOUND) return [];
    throw error;
  }
};

/** `$all` strictly after a commit position that an event has, at most `maxCount` events of whatever stream. */
export const readForwards = async (
  client: EventStoreDBClient,
  after: number,
  maxCount: number,
  alive: () => void,
): Promise<readonly AllStreamResolvedEvent[]> => {
  // The server includes the event at the position.
  const read = client.readAll({
    fromPosition: at(after),
    direction: FORWARDS,
    maxCount: maxCount + 1,
    requiresLeader: true,
  });
  const events = await collected(read, alive);
  return events.filter((event) => Number(event.event?.position.commit) > after);
};

/** `$all` from its end, or from before a commit position, backwards, until `enough` or `maxCount`. */
export const readBackwards = (
  client: EventStoreDBClient,
  before: number | null,
  maxCount: number,
  enough: (event: AllStreamResolvedEvent) => boolean,
  alive: () => void,
): Promise<readonly AllStreamResolvedEvent[]> => {
  const read = client.readAll({
    fromPosition: before === null ? END : at(before),
    direction: BACKWARDS,
    maxCount,
    requiresLeader: true,
  });
  return collected(read, alive, enough);
};

export const at = (commit: number) => ({ commit: BigInt(commit), prepare: BigInt(commit) });
