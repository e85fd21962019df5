import {
  type CredentialCommands,
  createCredentialCommands,
  createObservationCommands,
  createOperationsCommands,
  createSessionCommands,
  type ObservationCommands,
  type OperationsCommands,
  type SessionCommands,
  type SessionQuota,
  type Settled,
} from '@signalbox/commands';
import { credential, observation, operations, session } from '@signalbox/domain';
import type { DomainEventCodec } from '@signalbox/event-schemas';
import {
  createCommandHandler,
  type Decider,
  type EventCodec,
  type HandleCommand,
  type StreamAppender,
  type StreamName,
  type StreamReader,
  streamName,
} from '@signalbox/event-sourcing';
import { eventHash } from '@signalbox/evidence';
import { newCredentialName, newSecret } from '@signalbox/identity';
import type { Credentials } from '@signalbox/read-models';
import type { Chance, Clock, Config } from '@signalbox/runtime';
import type { KeyRing } from '@signalbox/vault';
import { derivedUuid } from './derived-uuid.ts';
import { secretSeal } from './secrets.ts';

/** How many states of each kind are kept folded, so that a command need not read its stream. */
const CACHED_STATES = 20_000;

export type WriteSide = {
  readonly sessions: SessionCommands;
  readonly credentials: CredentialCommands;
  readonly observations: ObservationCommands;
  readonly operations: OperationsCommands;
};

type OnLog = {
  readonly log: StreamReader & StreamAppender;
  readonly codec: DomainEventCodec;
  readonly clock: Clock;
  readonly chance: Chance;
};

const handlersOn =
  ({ log, chance }: Pick<OnLog, 'log' | 'chance'>) =>
  <C, S, E extends { readonly type: string }, R>(
    decider: Decider<C, S, E, R>,
    ownCodec: EventCodec<E>,
  ): HandleCommand<C, S, E, R> =>
    createCommandHandler({
      decider,
      log,
      codec: ownCodec,
      chain: eventHash,
      newEventId: () => chance.orderedUuid(),
      derivedEventId: (commandId, index) => derivedUuid('event', commandId, index),
      cachedStates: CACHED_STATES,
    });

/** What a process records of itself, for one that records nothing else. */
export const createOperations = (options: OnLog): OperationsCommands =>
  createOperationsCommands({
    handle: handlersOn(options)(operations, options.codec.only.operations),
    now: () => options.clock.now(),
  });

/** The deciders on the log. */
export const createWriteSide = (
  options: OnLog & {
    readonly config: Config;
    readonly credentials: Pick<Credentials, 'liveCount'>;
    readonly quota: SessionQuota;
    readonly ring: KeyRing;
    /** A new credential is to work at once, whoever serves its next request. */
    readonly settled: { readonly sessions: Settled; readonly credentials: Settled };
  },
): WriteSide => {
  const { config, log, codec, settled, chance } = options;
  const { lifetimes, limits } = config;
  const now = () => options.clock.now();

  const handlerFor = handlersOn(options);

  const exists = async (stream: StreamName): Promise<boolean> => (await log.readStream(stream)).length > 0;

  return {
    sessions: createSessionCommands({
      handle: handlerFor(session, codec.only.session),
      quota: options.quota,
      settled: settled.sessions,
      lifetimes: {
        defaultTtlMs: lifetimes.offerDefaultTtlMs,
        minTtlMs: lifetimes.offerMinTtlMs,
        maxTtlMs: lifetimes.offerMaxTtlMs,
        answeredTtlMs: lifetimes.answeredTtlMs,
      },
      maxCandidatesPerRole: limits.maxCandidatesPerRole,
      now,
      newId: () => chance.orderedUuid(),
      exists: (sessionId) => exists(streamName('session', sessionId)),
      derivedId: (commandId, index) => derivedUuid('session', commandId, index),
    }),
    credentials: createCredentialCommands({
      handle: handlerFor(credential, codec.only.credential),
      settled: settled.credentials,
      seal: secretSeal(options.ring),
      now,
      newSecret: () => newSecret(chance),
      newName: (commandId) =>
        newCredentialName(commandId === null ? chance : { bytes: (count) => derivedBytes(commandId, count) }),
      exists: (name) => exists(streamName('credential', name)),
      liveCount: () => options.credentials.liveCount(),
      maxCredentials: limits.maxCredentials,
    }),
    observations: createObservationCommands({ handle: handlerFor(observation, codec.only.observation), log, now }),
    operations: createOperations(options),
  };
};

const derivedBytes = (commandId: string, count: number): Uint8Array =>
  Buffer.from(derivedUuid('name', commandId, 0).replaceAll('-', ''), 'hex').subarray(0, count);
