import { createCredentialCommands, createSessionCommands } from '@signalbox/commands';
import { credential, session } from '@signalbox/domain';
import { createEventCodec } from '@signalbox/event-schemas';
import { bindProjection, createCommandHandler, createProjectionRunner } from '@signalbox/event-sourcing';
import { memoryDueTimes, memoryEventLog } from '@signalbox/memory';
import type { DueTimes } from '@signalbox/read-models';
import { credentialDueTimes, sessionDueTimes } from '@signalbox/read-models/projections';
import { fakeClock, metadata, seededChance, settle, t0, unchained, unsealed } from '@signalbox/testing';
import { type CompensateOptions, compensate } from '../src/app.ts';

/** The due times, and how many listen to them. */
const counted = (due: DueTimes): DueTimes & { readonly listeners: () => number } => {
  let listeners = 0;
  return {
    ...due,
    listeners: () => listeners,
    onEarlier: (listener) => {
      listeners++;
      const stop = due.onEarlier(listener);
      return () => {
        listeners--;
        stop();
      };
    },
  };
};

/** The scheduler on the real commands, deciders and due times, on a log in memory and a clock of the test's. */
export const createRig = () => {
  const clock = fakeClock(t0);
  const chance = seededChance(7);
  const now = () => clock.now();
  const log = memoryEventLog({ now, id: 'log-1' });
  const codec = createEventCodec(unsealed);
  const views = memoryDueTimes();
  const refetch = () => Promise.reject(new Error('Events come in the order of the log, so nothing is ever missing.'));
  const runners = [
    createProjectionRunner({
      codec: codec.only.session,
      projections: [bindProjection(sessionDueTimes, views.sessions, refetch)],
    }),
    createProjectionRunner({
      codec: codec.only.credential,
      projections: [bindProjection(credentialDueTimes, views.credentials, refetch)],
    }),
  ];
  let read = 0;
  const settled = async () => {
    const batch = await log.readAll(read, 10_000);
    read = batch.at(-1)?.position ?? read;
    await Promise.all(runners.map((runner) => runner.apply(batch)));
  };

  const handlerParts = {
    log,
    chain: unchained,
    newEventId: () => chance.uuid(),
    derivedEventId: (commandId: string, index: number) => `${commandId}#${index}`,
    cachedStates: 100,
  };
  const sessions = createSessionCommands({
    handle: createCommandHandler({ decider: session, codec: codec.only.session, ...handlerParts }),
    // A double: there is always room.
    quota: { reserve: async () => ({ kind: 'reserved', release: () => undefined }) },
    settled,
    lifetimes: { defaultTtlMs: 60_000, minTtlMs: 1, maxTtlMs: 86_400_000, answeredTtlMs: 30_000 },
    maxCandidatesPerRole: 50,
    now,
    newId: () => chance.uuid(),
    exists: async () => false,
    derivedId: (commandId, index) => `${commandId}.${index}`,
  });
  const credentials = createCredentialCommands({
    handle: createCommandHandler({ decider: credential, codec: codec.only.credential, ...handlerParts }),
    settled,
    // A double: it seals nothing.
    seal: { seal: (_, secret) => secret, open: (_, sealed) => sealed },
    now,
    newSecret: () => chance.uuid(),
    newName: () => chance.uuid(),
    exists: async () => false,
    liveCount: async () => 0,
    maxCredentials: 1_000,
  });

  const due = counted(views.dueTimes);
  const context = { metadata: metadata(), commandId: null };
  const ended: (readonly [kind: string, lateMs: number])[] = [];
  const options: CompensateOptions = {
    due,
    sessions,
    credentials,
    now,
    after: (ms, work) => clock.after(ms, work),
    onEnded: (kind, lateMs) => ended.push([kind, lateMs]),
  };

  return {
    clock,
    due,
    sessions,
    credentials,
    options,
    context,
    /** What the scheduler says that it has ended, and how late. */
    ended,
    publish: async (ttlMs: number, count = 1): Promise<readonly string[]> => {
      const sdps = Array.from({ length: count }, () => 'v=0');
      const result = await sessions.publish('alice', { tags: ['chat'], service: null, ttlMs, sdps }, context);
      if (result.kind === 'refused') throw new Error(result.refusal.code);
      return result.value.map(({ sessionId }) => sessionId);
    },
    issue: (name: string, ttlMs: number) =>
      credentials.issue({ name, expiresAt: clock.now() + ttlMs, lifetime: 'fixed' }, context),
    /** Every end that is recorded, with what it remembers of its cause. */
    recordedEnds: async () =>
      (await codec.decode(await log.readAll(0, 100_000), 'stop')).flatMap(({ stream, metadata: cause, event }) =>
        event.type === 'SessionExpired' || event.type === 'CredentialExpired'
          ? [{ stream: String(stream), dueAt: event.data.dueAt, expiredAt: event.data.expiredAt, cause }]
          : [],
      ),
  };
};

export type Rig = ReturnType<typeof createRig>;

/** Runs the scheduler; what it waits for has been set up when this resolves. */
export const run = async (options: CompensateOptions) => {
  const aborting = new AbortController();
  let outcome: 'running' | 'ended' | Error = 'running';
  const ended = compensate(options, aborting.signal).then(
    () => {
      outcome = 'ended';
    },
    (error: Error) => {
      outcome = error;
    },
  );
  await settle();
  return {
    signal: aborting.signal,
    outcome: () => outcome,
    stop: async () => {
      aborting.abort();
      await ended;
    },
  };
};
