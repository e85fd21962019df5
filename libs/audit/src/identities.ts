import { type StreamReader, streamName } from '@signalbox/event-sourcing';
import type { AuditIndex, RecordedCredentialRow, RecordedPoint, RecordedSessionRow } from '@signalbox/read-models';
import { type Entry, entryOf } from './entry.ts';
import type { EventReader } from './event-reader.ts';

export type Deeds = {
  /** Its sessions of this page: that it published, answered, or sent candidates to. */
  readonly sessions: readonly RecordedSessionRow[];
  /** Its credential, where it has one. On the first page only. */
  readonly credential: RecordedCredentialRow | null;
  /** What it did there itself, the newest first. */
  readonly entries: readonly Entry[];
  /** Where the next page begins; null after the last one. */
  readonly next: RecordedPoint | null;
};

/** Everything that an identity did: the newest session first, and what was done to its credential with the newest. */
export const createIdentities = (options: {
  readonly log: StreamReader;
  readonly index: AuditIndex;
  readonly read: EventReader;
}) => {
  const { log, index, read } = options;
  return async (identity: string, after: RecordedPoint | null, limit: number): Promise<Deeds> => {
    const filter = { identity, tag: null, trace: null, from: null, to: null };
    const [found, credential] = await Promise.all([
      index.sessions(filter, after, limit + 1),
      after === null ? index.credential(identity) : undefined,
    ]);
    const sessions = found.slice(0, limit);
    const last = sessions.at(-1);
    const streams = sessions.flatMap(({ sessionId }) => [
      streamName('session', sessionId),
      streamName('observation', sessionId),
    ]);
    if (after === null) streams.push(streamName('credential', identity));
    const events = (await Promise.all(streams.map((stream) => log.readStream(stream)))).flat();
    const own = events.filter(({ metadata }) => metadata.actor === identity).sort((a, b) => b.position - a.position);
    return {
      sessions,
      credential: credential ?? null,
      entries: (await read(own)).map(entryOf),
      next: found.length > limit && last ? { publishedAt: last.publishedAt, sessionId: last.sessionId } : null,
    };
  };
};

export type Identities = ReturnType<typeof createIdentities>;
