import { LRUCache } from 'lru-cache';
import type { Decider } from './decider.ts';
import type { Decoded, EventCodec } from './ports/codec.ts';
import {
  type EventChain,
  type EventMetadata,
  type NewEvent,
  type RecordedEvent,
  type StreamAppender,
  type StreamName,
  type StreamReader,
  streamName,
} from './ports/event-log.ts';
import { sequentialByKey } from './sequential-by-key.ts';

export type CommandOutcome<S, E, R> =
  | {
      readonly kind: 'accepted';
      /** What this command recorded, now or, when it is a retry, the first time; empty when it had nothing to change. */
      readonly events: readonly E[];
      readonly state: S;
      readonly stream: StreamName;
      /** Of the stream's last event that the outcome rests on. */
      readonly revision: number;
      /** Of the last event recorded by this very call; null when nothing was written. */
      readonly position: number | null;
    }
  | { readonly kind: 'rejected'; readonly rejection: R; readonly stream: StreamName; readonly revision: number }
  /** Others kept winning the race for the stream. The caller may try again. */
  | { readonly kind: 'contended' };

export type CommandContext = {
  readonly metadata: EventMetadata;
  /**
   * Given for a command that may be retried: event ids are derived from it, and a stream that already holds them
   * answers with what was recorded the first time. Null: every call is a command of its own.
   */
  readonly commandId: string | null;
  /** The stream is believed to be absent (its id was just made), so it is not read first. A conflict reads it. */
  readonly creates?: boolean;
};

export type HandleCommand<C, S, E, R> = (
  id: string,
  command: C,
  context: CommandContext,
) => Promise<CommandOutcome<S, E, R>>;

/** What the next event of a stream goes on from. */
type Tip = { readonly revision: number; readonly hash: Uint8Array | null; readonly keyId: string | null };

type Loaded<S, E> = { readonly tip: Tip; readonly state: S; readonly events: readonly Decoded<E>[] | 'cached' };

const NOTHING: Tip = { revision: -1, hash: null, keyId: null };

/** How often a lost race is tried again before the caller is told. */
const MAX_ATTEMPTS = 8;

/**
 * Load, decide, append; on a conflict, again. Commands for one stream run one after another within the process, so
 * that they do not race each other; across processes the expected revision decides.
 *
 * A state cache spares the read. It can be stale, which the expected revision finds out for whatever is accepted; a
 * refusal is given only on a state that was just read.
 */
export const createCommandHandler = <C, S, E extends { readonly type: string }, R>(options: {
  readonly decider: Decider<C, S, E, R>;
  readonly log: StreamReader & StreamAppender;
  readonly codec: EventCodec<E>;
  readonly chain: EventChain;
  readonly newEventId: () => string;
  /** A UUID that depends on nothing but its arguments. */
  readonly derivedEventId: (commandId: string, index: number) => string;
  readonly cachedStates: number;
}): HandleCommand<C, S, E, R> => {
  const { decider, log, codec, chain } = options;
  const cache = new LRUCache<StreamName, { readonly tip: Tip; readonly state: S }>({
    max: options.cachedStates,
  });
  const inTurn = sequentialByKey<StreamName>();

  const fold = (state: S, events: readonly E[]): S => events.reduce(decider.evolve, state);

  const read = async (stream: StreamName): Promise<Loaded<S, E>> => {
    const recorded = await log.readStream(stream);
    const events = await codec.decode(recorded, 'stop');
    return {
      tip: tipOf(recorded),
      state: fold(
        decider.initial,
        events.map((e) => e.event),
      ),
      events,
    };
  };

  const load = (stream: StreamName, context: CommandContext): Promise<Loaded<S, E>> | Loaded<S, E> => {
    if (context.commandId !== null) return read(stream);
    if (context.creates) return { tip: NOTHING, state: decider.initial, events: [] };
    const cached = cache.get(stream);
    return cached ? { ...cached, events: 'cached' } : read(stream);
  };

  /** Event ids, hashes and sealed bytes of what was decided. */
  const prepared = async (
    stream: StreamName,
    events: readonly E[],
    { tip, context }: { readonly tip: Tip; readonly context: CommandContext },
  ): Promise<readonly NewEvent[]> => {
    const encoded = await codec.encode(stream, tip.revision + 1, events, tip.keyId);
    let previousHash = tip.hash;
    return encoded.map((event, index) => {
      const id = context.commandId === null ? options.newEventId() : options.derivedEventId(context.commandId, index);
      const content = { ...event, id, metadata: context.metadata };
      const hash = chain(stream, tip.revision + 1 + index, content, previousHash);
      const linked = { ...content, hash, previousHash };
      previousHash = hash;
      return linked;
    });
  };

  const attempt = async (
    stream: StreamName,
    command: C,
    context: CommandContext,
    loaded: Loaded<S, E>,
  ): Promise<CommandOutcome<S, E, R> | 'conflict'> => {
    const { tip } = loaded;
    const { revision } = tip;
    const decision = decider.decide(command, loaded.state);
    if (decision.kind === 'rejected') {
      if (loaded.events === 'cached') return attempt(stream, command, context, await read(stream));
      return { kind: 'rejected', rejection: decision.rejection, stream, revision };
    }
    if (decision.events.length === 0) {
      return { kind: 'accepted', events: [], state: loaded.state, stream, revision, position: null };
    }
    const newEvents = await prepared(stream, decision.events, { tip, context });
    const state = fold(loaded.state, decision.events);
    const result = await log.append(stream, newEvents, revision === -1 ? 'no_stream' : revision, {
      closes: decider.isTerminal(state),
    });
    if (result.kind === 'conflict') return 'conflict';
    if (context.commandId !== null) {
      // Another try of this very command may have been recorded meanwhile, and the log knows events by their ids alone:
      // what is answered is what was recorded.
      const stored = await read(stream);
      const first = alreadyDone(stored, context, options.derivedEventId);
      if (first) return { ...repeat(decider, stream, first, stored), position: result.position };
    }
    const last = newEvents.at(-1);
    cache.set(stream, {
      tip: { revision: result.revision, hash: last?.hash ?? null, keyId: tip.keyId ?? last?.keyId ?? null },
      state,
    });
    return {
      kind: 'accepted',
      events: decision.events,
      state,
      stream,
      revision: result.revision,
      position: result.position,
    };
  };

  return (id, command, context) => {
    const stream = streamName(decider.category, id);
    return inTurn(stream, async () => {
      let loaded = await load(stream, context);
      for (let tries = 0; tries < MAX_ATTEMPTS; tries++) {
        const first = alreadyDone(loaded, context, options.derivedEventId);
        if (first) return repeat(decider, stream, first, loaded);
        const outcome = await attempt(stream, command, context, loaded);
        if (outcome !== 'conflict') return outcome;
        cache.delete(stream);
        loaded = await read(stream);
      }
      return { kind: 'contended' };
    });
  };
};

const tipOf = (recorded: readonly RecordedEvent[]): Tip => {
  const last = recorded.at(-1);
  if (!last) return NOTHING;
  return { revision: last.revision, hash: last.hash, keyId: recorded.find((e) => e.keyId !== null)?.keyId ?? null };
};

/** The events that this very command recorded in an earlier try, if it did. */
const alreadyDone = <S, E>(
  loaded: Loaded<S, E>,
  context: CommandContext,
  derivedEventId: (commandId: string, index: number) => string,
): readonly Decoded<E>[] | undefined => {
  const { commandId } = context;
  if (commandId === null || loaded.events === 'cached') return undefined;
  const start = loaded.events.findIndex((event) => event.id === derivedEventId(commandId, 0));
  if (start === -1) return undefined;
  const rest = loaded.events.slice(start);
  const end = rest.findIndex((event, index) => event.id !== derivedEventId(commandId, index));
  return end === -1 ? rest : rest.slice(0, end);
};

const repeat = <C, S, E extends { readonly type: string }, R>(
  decider: Decider<C, S, E, R>,
  stream: StreamName,
  first: readonly Decoded<E>[],
  loaded: Loaded<S, E>,
): Extract<CommandOutcome<S, E, R>, { readonly kind: 'accepted' }> => {
  if (loaded.events === 'cached') throw new Error('A repetition is found in events that were read.');
  const revision = first.at(-1)?.revision ?? -1;
  const until = loaded.events.filter((event) => event.revision <= revision).map((event) => event.event);
  return {
    kind: 'accepted',
    events: first.map((event) => event.event),
    state: until.reduce(decider.evolve, decider.initial),
    stream,
    revision,
    position: null,
  };
};
