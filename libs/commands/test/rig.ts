import {
  type ConnectionReport,
  credential,
  type DomainEvent,
  observation,
  operations,
  session,
} from '@signalbox/domain';
import { createEventCodec } from '@signalbox/event-schemas';
import {
  type AppendResult,
  type CatchUpSource,
  createCommandHandler,
  LogUnavailable,
  type NewEvent,
  type PayloadSeal,
  type RecordedEvent,
  type StreamAppender,
  type StreamName,
  type StreamReader,
  streamName,
} from '@signalbox/event-sourcing';
import { fakeClock, metadata, t0, unchained, unsealed } from '@signalbox/testing';
import {
  type CommandContext,
  createCredentialCommands,
  createObservationCommands,
  createOperationsCommands,
  createSessionCommands,
  type SessionQuota,
  type Settled,
  type Write,
} from '../src/index.ts';

export const lifetimes = { defaultTtlMs: 60_000, minTtlMs: 10_000, maxTtlMs: 600_000, answeredTtlMs: 30_000 };

/** A command of alice's, to be told apart from its retries by nobody, or by its id. */
export const once: CommandContext = { metadata: metadata(), commandId: null };
export const retryable = (commandId: string): CommandContext => ({ metadata: metadata(), commandId });

/**
 * A double of the event log: streams in a map. The adapters implement ports of this package, so it can't be tested on
 * one of them without the two needing each other. It loses races and fails when it is told to.
 */
const logDouble = (now: () => number) => {
  const streams = new Map<StreamName, RecordedEvent[]>();
  const all: RecordedEvent[] = [];
  let losses = 0;
  let goodAppends = Number.POSITIVE_INFINITY;

  const append = (stream: StreamName, events: readonly NewEvent[], expected: unknown): AppendResult => {
    const history = streams.get(stream) ?? [];
    const last = history.length - 1;
    const conflict = { kind: 'conflict', actual: last === -1 ? 'no_stream' : last } as const;
    if (goodAppends-- <= 0) throw new LogUnavailable('The disk is full.');
    if (losses-- > 0) return conflict;
    if (expected !== conflict.actual) return conflict;
    for (const event of events) {
      const recorded = { ...event, stream, revision: history.length, position: all.length + 1, recordedAt: now() };
      history.push(recorded);
      all.push(recorded);
    }
    streams.set(stream, history);
    return { kind: 'appended', revision: history.length - 1, position: all.length };
  };

  const log: StreamReader & StreamAppender & Pick<CatchUpSource, 'readAll' | 'head'> = {
    readStream: async (stream, { from = 0 } = {}) => streams.get(stream)?.slice(from) ?? [],
    append: async (stream, events, expected) => append(stream, events, expected),
    readAll: async (after, limit) => all.filter(({ position }) => position > after).slice(0, limit),
    head: async () => all.length,
  };
  return {
    ...log,
    all,
    /** The next so many appends lose to somebody else. */
    loseRaces: (count: number) => {
      losses = count;
    },
    /** After so many appends, every further one fails. */
    failAfter: (appends: number) => {
      goodAppends = appends;
    },
  };
};

/** A double of the quota: it answers as it is told, and counts the places that are held. */
const quotaDouble = () => {
  const asked: { readonly identity: string; readonly count: number; readonly now: number }[] = [];
  let refusal: { readonly kind: 'too_many_for_identity' | 'too_many_in_all'; readonly limit: number } | null = null;
  let held = 0;
  const released: (readonly Write[])[] = [];
  const quota: SessionQuota = {
    reserve: async (identity, count, now) => {
      asked.push({ identity, count, now });
      if (refusal) return refusal;
      held += count;
      return {
        kind: 'reserved',
        release: (recorded) => {
          held -= count;
          released.push(recorded);
        },
      };
    },
  };
  return {
    ...quota,
    asked,
    held: () => held,
    /** What was said to be recorded, release by release. */
    released,
    refuse: (kind: 'too_many_for_identity' | 'too_many_in_all', limit: number) => {
      refusal = { kind, limit };
    },
  };
};

/** Every use case, on the real deciders, the real command loop and the real codec, and on a clock of the test's. */
export const createRig = (wanted: { readonly maxCredentials?: number; readonly seal?: PayloadSeal } = {}) => {
  const clock = fakeClock(t0);
  const now = () => clock.now();
  const log = logDouble(now);
  const quota = quotaDouble();
  const codec = createEventCodec(wanted.seal ?? unsealed);
  let made = 0;
  const newId = () => `made-${++made}`;

  const settledUpTo: number[] = [];
  let readModels: Promise<void> = Promise.resolve();
  const settledWrites: Write[] = [];
  const settled: Settled = ({ position, ...write }) => {
    settledUpTo.push(position);
    settledWrites.push(write);
    return readModels;
  };

  const handlerParts = {
    log,
    chain: unchained,
    newEventId: newId,
    derivedEventId: (commandId: string, index: number) => `${commandId}#${index}`,
    cachedStates: 100,
  };
  const handleSession = createCommandHandler({ decider: session, codec: codec.only.session, ...handlerParts });
  const handleCredential = createCommandHandler({ decider: credential, codec: codec.only.credential, ...handlerParts });
  const handleObservation = createCommandHandler({
    decider: observation,
    codec: codec.only.observation,
    ...handlerParts,
  });
  const handleOperations = createCommandHandler({ decider: operations, codec: codec.only.operations, ...handlerParts });

  const exists = async (category: string, id: string) => (await log.readStream(streamName(category, id))).length > 0;

  let liveCredentials = 0;
  let secrets = 0;
  return {
    clock,
    log,
    quota,
    settledUpTo,
    settledWrites,
    /** From now on nothing settles until what this gives back is called. */
    holdReadModels: () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      readModels = promise;
      return resolve;
    },
    setLiveCredentials: (count: number) => {
      liveCredentials = count;
    },
    recorded: async (): Promise<readonly (DomainEvent & { readonly stream: string })[]> =>
      (await codec.decode(log.all, 'stop')).map(({ stream, event }) => ({ stream, ...event })),
    sessions: createSessionCommands({
      handle: handleSession,
      quota,
      settled,
      lifetimes,
      maxCandidatesPerRole: 3,
      now,
      newId,
      exists: (id) => exists('session', id),
      derivedId: (commandId, index) => `${commandId}.${index}`,
    }),
    credentials: createCredentialCommands({
      handle: handleCredential,
      settled,
      // A double: it only turns the secret round, so that one can see whether it was sealed.
      seal: {
        seal: (name, secret) => `${name}:${[...secret].reverse().join('')}`,
        open: (name, sealed) => {
          if (!sealed.startsWith(`${name}:`)) throw new Error(`This was not sealed for ${name}.`);
          return [...sealed.slice(name.length + 1)].reverse().join('');
        },
      },
      now,
      newSecret: () => `secret-${++secrets}`,
      exists: (name) => exists('credential', name),
      newName: (commandId) => (commandId === null ? `name-${newId()}` : `name-of-${commandId}`),
      liveCount: async () => liveCredentials,
      maxCredentials: wanted.maxCredentials ?? 2,
    }),
    observations: createObservationCommands({ handle: handleObservation, log, now }),
    operations: createOperationsCommands({
      handle: handleOperations,
      now,
    }),
  };
};

export type Rig = ReturnType<typeof createRig>;

export const offers = { tags: ['chat', 'de'], service: null, ttlMs: null, sdps: ['v=0 offer'] } as const;

/** An offer of alice's; throws when it is refused. */
export const publishOne = async (rig: Rig): Promise<string> => {
  const result = await rig.sessions.publish('alice', offers, once);
  if (result.kind === 'refused') throw new Error(result.refusal.code);
  return result.value[0]?.sessionId ?? '';
};

export const anAnswer = { sdp: 'v=0 answer', matchedTags: ['chat'], keepsLifetime: false } as const;

/** A session between alice and bob; throws when it is refused. */
export const answerOne = async (rig: Rig): Promise<string> => {
  const id = await publishOne(rig);
  const result = await rig.sessions.answer('bob', id, anAnswer, once);
  if (result.kind === 'refused') throw new Error(result.refusal.code);
  return id;
};

export const aReport: ConnectionReport = {
  ...{ outcome: 'failed', localCandidateType: 'host', remoteCandidateType: null, roundTripTimeMs: null },
  ...{ iceConnectionState: 'failed', iceGatheringState: null, connectionState: null },
};
