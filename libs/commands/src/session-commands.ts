import type { Opaque, Service, Session, SessionCommand, SessionEvent, SessionRejection } from '@signalbox/domain';
import type { CommandContext, HandleCommand } from '@signalbox/event-sourcing';
import { execute, type Settled } from './execute.ts';
import { type Result, refused } from './outcome.ts';
import type { QuotaAnswer, SessionQuota } from './ports/session-quota.ts';

export type Lifetimes = {
  readonly defaultTtlMs: number;
  readonly minTtlMs: number;
  readonly maxTtlMs: number;
  /** From the answer on. */
  readonly answeredTtlMs: number;
};

export type PublishedSession = {
  readonly sessionId: string;
  readonly sdp: string;
  readonly createdAt: number;
  readonly expiresAt: number;
};

export type NewOffers = {
  readonly tags: readonly string[];
  readonly service: Service | null;
  /** Null: the default. Otherwise clamped to what is allowed. */
  readonly ttlMs: number | null;
  readonly sdps: readonly string[];
};

/** Why something is unreadable from now on. `policy`: the retention that applied, or the id of the erasure. */
export type Redaction = { readonly reason: 'retention' | 'erasure'; readonly policy: string };

/** What may be done to sessions. `by` is always the proven caller; ownership is the decider's business. */
export interface SessionCommands {
  publish(by: string, offers: NewOffers, context: CommandContext): Promise<Result<readonly PublishedSession[]>>;
  retag(by: string, sessionId: string, tags: readonly string[], context: CommandContext): Promise<Result<null>>;
  withdraw(
    by: string,
    sessionId: string,
    reason: 'withdrawn' | 'replaced',
    context: CommandContext,
  ): Promise<Result<null>>;
  answer(
    by: string,
    sessionId: string,
    answer: {
      readonly sdp: string;
      readonly matchedTags: readonly string[] | null;
      /** True where a dialect lets an answered offer live out its own time. */
      readonly keepsLifetime: boolean;
    },
    context: CommandContext,
  ): Promise<Result<{ readonly answeredAt: number; readonly expiresAt: number }>>;
  addCandidates(
    by: string,
    sessionId: string,
    candidates: readonly Opaque[],
    context: CommandContext,
  ): Promise<Result<{ readonly count: number }>>;
  /** Ends the session if it is due; does nothing otherwise, however often it is asked. */
  expire(sessionId: string, context: CommandContext): Promise<Result<{ readonly lateMs: number | null }>>;
  /** Records that the keys of a session that exists are destroyed; does nothing when that has been recorded. */
  redact(sessionId: string, why: Redaction, context: CommandContext): Promise<Result<null>>;
}

type Handle = HandleCommand<SessionCommand, Session, SessionEvent, SessionRejection>;

export const createSessionCommands = (options: {
  readonly handle: Handle;
  readonly quota: SessionQuota;
  readonly settled: Settled;
  readonly lifetimes: Lifetimes;
  readonly maxCandidatesPerRole: number;
  readonly now: () => number;
  readonly newId: () => string;
  /** Whether there is such a session, ended or not. */
  readonly exists: (sessionId: string) => Promise<boolean>;
  /** A UUID that depends on nothing but its arguments. */
  readonly derivedId: (commandId: string, index: number) => string;
}): SessionCommands => {
  const { handle, quota, settled, lifetimes, now, newId, derivedId } = options;

  const ttlOf = (ttlMs: number | null) =>
    ttlMs === null ? lifetimes.defaultTtlMs : Math.min(Math.max(ttlMs, lifetimes.minTtlMs), lifetimes.maxTtlMs);

  const publishOne = async (by: string, offers: NewOffers, index: number, context: CommandContext) => {
    const { commandId } = context;
    const sessionId = commandId === null ? newId() : derivedId(commandId, index);
    const sdp = offers.sdps[index] ?? '';
    const { tags, service } = offers;
    return execute(
      handle,
      settled,
      sessionId,
      { type: 'PublishOffer', by, tags, service, sdp, ttlMs: ttlOf(offers.ttlMs), now: now() },
      { ...context, commandId: commandId === null ? null : `${commandId}/${index}`, creates: true },
      ({ events }): PublishedSession => {
        const published = events.find((event) => event.type === 'OfferPublished');
        if (!published) throw new Error(`Session ${sessionId} was accepted without being published.`);
        return { sessionId, sdp, createdAt: published.data.publishedAt, expiresAt: published.data.expiresAt };
      },
    );
  };

  /** What an earlier try has published counts already: only the rest needs a place. */
  const placesFor = async (by: string, { sdps }: NewOffers, { commandId }: CommandContext): Promise<QuotaAnswer> => {
    const there =
      commandId === null ? [] : await Promise.all(sdps.map((_, index) => options.exists(derivedId(commandId, index))));
    const missing = sdps.length - there.filter((exists) => exists).length;
    return missing === 0 ? { kind: 'reserved', release: () => undefined } : quota.reserve(by, missing, now());
  };

  return {
    publish: async (by, offers, context) => {
      const places = await placesFor(by, offers, context);
      if (places.kind === 'too_many_for_identity') return refused({ code: 'too_many_sessions', limit: places.limit });
      if (places.kind === 'too_many_in_all') return refused({ code: 'storage_full', limit: places.limit });
      const attempts = await Promise.allSettled(offers.sdps.map((_, index) => publishOne(by, offers, index, context)));
      const results = attempts.flatMap((attempt) => (attempt.status === 'fulfilled' ? [attempt.value] : []));
      const done = results.filter((result) => result.kind === 'done');
      const writes = done.flatMap((result) => result.writes);
      places.release(writes);
      const fault = attempts.find((attempt) => attempt.status === 'rejected');
      if (fault) throw fault.reason;
      const refusal = results.find((result) => result.kind === 'refused');
      if (refusal) return refusal;
      return {
        kind: 'done',
        value: done.map((result) => result.value),
        writes,
        changed: done.some((result) => result.changed),
      };
    },

    retag: (by, sessionId, tags, context) =>
      execute(handle, settled, sessionId, { type: 'RetagSession', by, tags, now: now() }, context, () => null),

    withdraw: (by, sessionId, reason, context) =>
      execute(handle, settled, sessionId, { type: 'WithdrawSession', by, reason, now: now() }, context, () => null),

    answer: (by, sessionId, { sdp, matchedTags, keepsLifetime }, context) => {
      const answeredTtlMs = keepsLifetime ? null : lifetimes.answeredTtlMs;
      const command = { type: 'AnswerOffer', by, sdp, matchedTags, answeredTtlMs, now: now() } as const;
      return execute(handle, settled, sessionId, command, context, ({ state }) => {
        if (state.status !== 'answered') throw new Error(`Session ${sessionId} was answered but is ${state.status}.`);
        return { answeredAt: state.answeredAt, expiresAt: state.expiresAt };
      });
    },

    addCandidates: (by, sessionId, candidates, context) => {
      const batchId = context.commandId ?? newId();
      const maxPerRole = options.maxCandidatesPerRole;
      const command = { type: 'AddCandidates', by, candidates, batchId, maxPerRole, now: now() } as const;
      return execute(handle, settled, sessionId, command, context, () => ({ count: candidates.length }));
    },

    expire: (sessionId, context) =>
      execute(handle, settled, sessionId, { type: 'ExpireSession', now: now() }, context, ({ events }) => {
        const expired = events.find((event) => event.type === 'SessionExpired');
        return { lateMs: expired ? expired.data.expiredAt - expired.data.dueAt : null };
      }),

    redact: (sessionId, { reason, policy }, context) => {
      const command = { type: 'RedactSession', reason, policy, now: now() } as const;
      return execute(handle, settled, sessionId, command, context, () => null);
    },
  };
};
