import type { CommandContext } from '@signalbox/event-sourcing';
import {
  type CatchUpSource,
  categoryOf,
  idOf,
  type StreamName,
  type StreamReader,
  streamName,
} from '@signalbox/event-sourcing';
import type { CredentialCommands } from './credential-commands.ts';
import { inParallel } from './in-parallel.ts';
import type { OperationsCommands } from './operations-commands.ts';
import type { ErasureIndex, KeyDestruction } from './ports/erasure.ts';
import type { Redaction, SessionCommands } from './session-commands.ts';

export type ErasureTarget = { readonly sessionId: string } | { readonly identity: string };

/** `sessions` and `credentials`: what is erased now, also by an earlier try. `dataKeys`: those that were still there. */
export type Erased = {
  readonly erasureId: string;
  readonly sessions: number;
  readonly credentials: number;
  readonly dataKeys: number;
  /** Epoch milliseconds. */
  readonly completedAt: number;
};

export interface Erasure {
  /**
   * Makes what was recorded of a session, or of everything that an identity took part in, unreadable for ever: its keys
   * are destroyed before anything is said of it. Sessions are erased whole, with what the other party has sent, since a
   * session has one key; so are those to which the identity sent candidates without becoming a party. Null: there is
   * no trace of the target. Whatever a failed try has left is done by the next.
   */
  erase(target: ErasureTarget, context: CommandContext): Promise<Erased | null>;
}

const AT_ONCE = 32;
const PAGE = 1_000;

export const createErasure = (options: {
  readonly log: StreamReader & Pick<CatchUpSource, 'readAll' | 'head'>;
  readonly keys: KeyDestruction;
  readonly index: ErasureIndex;
  readonly sessions: Pick<SessionCommands, 'redact'>;
  readonly credentials: Pick<CredentialCommands, 'redact'>;
  readonly operations: Pick<OperationsCommands, 'record'>;
  readonly now: () => number;
  readonly newId: () => string;
}): Erasure => {
  const { log, keys, index, sessions, credentials, operations, now, newId } = options;

  /** What the index does not show yet, is found by who is said to have acted. */
  const recentSessionsOf = async (identity: string): Promise<readonly string[]> => {
    const found: string[] = [];
    const head = await log.head();
    let position = await index.position();
    while (position < head) {
      const page = await log.readAll(position, PAGE);
      for (const { stream, metadata } of page) {
        if (categoryOf(stream) === 'session' && metadata.actor === identity) found.push(idOf(stream));
      }
      position = page.at(-1)?.position ?? head;
    }
    return found;
  };

  const indexedSessionsOf = async (identity: string): Promise<readonly string[]> => {
    const filter = { identity, tag: null, trace: null, from: null, to: null };
    const found: string[] = [];
    for (let after: { readonly publishedAt: number; readonly sessionId: string } | null = null; ; ) {
      const page: Awaited<ReturnType<ErasureIndex['sessions']>> = await index.sessions(filter, after, PAGE);
      found.push(...page.map(({ sessionId }) => sessionId));
      after = page.at(-1) ?? null;
      if (page.length < PAGE) return found;
    }
  };

  const sessionsOf = async (identity: string): Promise<readonly string[]> => {
    // The index first: what it shows meanwhile is then found twice, and not missed.
    const recent = await recentSessionsOf(identity);
    return [...new Set([...(await indexedSessionsOf(identity)), ...recent])];
  };

  /** The keys that sealed each stream: null for a stream that is not there. */
  const keysOf = (streams: readonly StreamName[]): Promise<readonly (readonly string[] | null)[]> =>
    inParallel(streams, AT_ONCE, async (stream) => {
      const events = await log.readStream(stream);
      if (events.length === 0) return null;
      return [...new Set(events.flatMap(({ keyId }) => keyId ?? []))];
    });

  const destroyed = async (found: readonly (readonly string[] | null)[]): Promise<number> => {
    const ids = found.flatMap((ofStream) => ofStream ?? []);
    return ids.length === 0 ? 0 : keys.destroyDataKeys(ids);
  };

  const redacted = async (
    ids: readonly string[],
    redact: (id: string) => ReturnType<SessionCommands['redact']>,
  ): Promise<void> => {
    await inParallel(ids, AT_ONCE, async (id) => {
      const result = await redact(id);
      // Its keys are gone: only that cannot be told yet, and the next try does it.
      if (result.kind === 'refused') throw new Error(`The redaction of ${id} was refused: ${result.refusal.code}.`);
    });
  };

  return {
    erase: async (target, context) => {
      const sessionId = 'sessionId' in target ? target.sessionId : null;
      const identity = 'identity' in target ? target.identity : null;
      const wanted = identity === null ? [sessionId ?? ''] : await sessionsOf(identity);
      const sessionStreams = wanted.map((id) => streamName('session', id));
      const credentialStreams = identity === null ? [] : [streamName('credential', identity)];
      const observationStreams = wanted.map((id) => streamName('observation', id));

      const all = await keysOf([...sessionStreams, ...credentialStreams, ...observationStreams]);
      const isThere = (_: unknown, i: number) => all[i] !== null;
      const found = wanted.filter(isThere);
      const names = credentialStreams.filter((_, i) => all[wanted.length + i] !== null).map(idOf);
      if (found.length === 0 && names.length === 0) return null;
      const dataKeys = await destroyed(all);

      const erasureId = context.commandId ?? newId();
      const why: Redaction = { reason: 'erasure', policy: erasureId };
      // Event ids that are made from a command's id are its own in one stream only.
      const cause: CommandContext = { ...context, commandId: null };
      await redacted(found, (id) => sessions.redact(id, why, cause));
      await redacted(names, (name) => credentials.redact(name, why, cause));

      // What was noticed before the end may have been recorded meanwhile, under keys of its own. Nothing begins after a
      // redaction; for what looked for one just before it and is recorded after this, the keys are settled from time to time.
      const late = observationStreams.filter((_, i) => all[wanted.length + credentialStreams.length + i] === null);
      const lateKeys = await destroyed(await keysOf(late));

      const completedAt = now();
      const counts = { sessions: found.length, credentials: names.length, dataKeys: dataKeys + lateKeys };
      const data = { erasureId, sessionId, identity, ...counts, completedAt };
      await operations.record({ type: 'ErasureCompleted', data }, context);
      return { erasureId, ...counts, completedAt };
    },
  };
};
