import { internalContext } from '@signalbox/assembly';
import {
  type CredentialCommands,
  inParallel,
  type OperationsCommands,
  type SessionCommands,
} from '@signalbox/commands';
import { type StreamName, type StreamReader, streamName } from '@signalbox/event-sourcing';
import type { AuditIndex, RecordedPoint } from '@signalbox/read-models';
import { type After, pause } from './pause.ts';

/** The keys, as retention needs them. Epoch milliseconds; an epoch without an end is kept. */
export type RetentionKeys = {
  status(): Promise<{
    readonly epochs: readonly {
      readonly id: string;
      readonly startsAt: number | null;
      readonly endsAt: number | null;
      readonly dataKeys: number;
    }[];
  }>;
  /** Answers with how many data keys went with it; null when there is no such epoch. */
  destroyEpoch(id: string): Promise<number | null>;
  destroyDataKeys(ids: readonly string[]): Promise<number>;
};

/** What one turn did. */
export type Retained = { readonly epochs: number; readonly sessions: number; readonly credentials: number };

export type RetentionOptions = {
  readonly everyMs: number;
  /** How long what was recorded can be read. */
  readonly retentionMs: number;
  /** How long an epoch is: told of one that was destroyed without a word. */
  readonly epochMs: number;
  readonly keys: RetentionKeys;
  readonly log: StreamReader;
  readonly index: Pick<AuditIndex, 'sessions' | 'endedCredentials'>;
  readonly sessions: Pick<SessionCommands, 'redact'>;
  readonly credentials: Pick<CredentialCommands, 'redact'>;
  readonly operations: Pick<OperationsCommands, 'record'>;
  readonly now: () => number;
  readonly newId: () => string;
  readonly after: After;
  /** Whether this is the one process that does it this time. */
  readonly isMine: (now: number) => Promise<boolean>;
  /**
   * Keeps beside the keys that what the log says was destroyed is, so that a copy of them tells how old it is. Ends early,
   * with what is done by then, when `signal` aborts.
   */
  readonly settle: (signal: AbortSignal) => Promise<void>;
  readonly onRetained: (done: Retained) => void;
};

/** What a turn does at most, so that a server that was away for long does not do nothing else. */
const EPOCHS_PER_TURN = 48;
const PAGES_PER_TURN = 20;
const PAGE = 500;
const CREDENTIALS_PER_TURN = 500;
const AT_ONCE = 32;

/**
 * Every `everyMs` until `signal` aborts: destroys the keys of epochs that ended `retentionMs` ago, and records of each
 * session that it can't be read any more; likewise of each credential that ended so long ago.
 *
 * The keys go first, so nothing else has to work for that. What is left to be said when a process dies in between is
 * seen by the sessions themselves: older than the oldest epoch that is left, and not redacted. Each turn looks at the
 * newest of those, and the first turns of a process at all of them. So it does not matter at which point the one before
 * has ended, nor that several do it at once: a redaction is recorded once, and so is the end of an epoch.
 */
export const retainRegularly = async (options: RetentionOptions, signal: AbortSignal): Promise<void> => {
  const retain = createRetention(options);
  while (!signal.aborted) {
    await pause(options.after, options.everyMs, signal);
    if (!signal.aborted && (await options.isMine(options.now()))) {
      options.onRetained(await retain());
      await options.settle(signal);
    }
  }
};

/** One process's retention: what is called does one turn. */
export const createRetention = (options: RetentionOptions): (() => Promise<Retained>) => {
  const { retentionMs, epochMs, keys, log, index, now } = options;
  const policy = `kept for ${retentionMs} ms`;
  /** Epochs of which it is recorded that they are destroyed. */
  const told = new Set<string>();
  /** From the newest down to where everything has been looked at once. */
  let lookedUpTo: RecordedPoint | null | 'all' = null;

  const context = () => internalContext('system:retention', options.newId());

  const tellEpoch = async (data: {
    readonly epoch: string;
    readonly startsAt: number;
    readonly endsAt: number;
    readonly dataKeys: number;
  }): Promise<void> => {
    if (told.has(data.epoch)) return;
    await options.operations.record(
      { type: 'EpochKeyDestroyed', data: { ...data, destroyedAt: now() } },
      { ...context(), commandId: `epoch-${data.epoch}` },
    );
    told.add(data.epoch);
  };

  const destroyDue = async (startedAt: number): Promise<number> => {
    const { epochs } = await keys.status();
    const due = epochs
      .flatMap(({ id, startsAt, endsAt, dataKeys }) =>
        startsAt !== null && endsAt !== null && endsAt + retentionMs <= startedAt
          ? [{ id, startsAt, endsAt, dataKeys }]
          : [],
      )
      .toSorted((a, b) => a.endsAt - b.endsAt)
      .slice(0, EPOCHS_PER_TURN);
    let destroyed = 0;
    for (const { id: epoch, startsAt, endsAt } of due) {
      const dataKeys = await keys.destroyEpoch(epoch);
      if (dataKeys === null) continue; // another process has
      await tellEpoch({ epoch, startsAt, endsAt, dataKeys });
      destroyed++;
    }
    return destroyed;
  };

  /** The key that sealed a stream; null for one that is not sealed, or not there. */
  const keyOf = async (stream: StreamName): Promise<string | null> =>
    (await log.readStream(stream)).find(({ keyId }) => keyId !== null)?.keyId ?? null;

  /** Those of a page whose epoch is gone; answers with how many, and whether there was any that is not redacted. */
  const redactPage = async (
    page: Awaited<ReturnType<AuditIndex['sessions']>>,
    kept: ReadonlySet<string>,
  ): Promise<{ readonly redacted: number; readonly wasDone: boolean }> => {
    const open = page.filter(({ redacted }) => !redacted).map(({ sessionId }) => sessionId);
    const keyIds = await inParallel(open, AT_ONCE, (id) => keyOf(streamName('session', id)));
    const gone = open.flatMap((sessionId, i) => {
      const keyId = keyIds[i];
      const epoch = keyId?.slice(0, keyId.indexOf('.'));
      return epoch === undefined || kept.has(epoch) ? [] : [{ sessionId, epoch }];
    });
    for (const [epoch, sessions] of Map.groupBy(gone, (one) => one.epoch)) {
      // It was destroyed without a word: so many keys at least are gone with it.
      const startsAt = Number.parseInt(epoch, 36);
      await tellEpoch({ epoch, startsAt, endsAt: startsAt + epochMs, dataKeys: sessions.length });
    }
    await inParallel(gone, AT_ONCE, ({ sessionId, epoch }) =>
      taken(
        options.sessions.redact(sessionId, { reason: 'retention', policy: `${policy}, epoch ${epoch}` }, context()),
      ),
    );
    return { redacted: gone.length, wasDone: open.length === 0 };
  };

  const redactSessions = async (startedAt: number): Promise<number> => {
    const { epochs } = await keys.status();
    const kept = new Set(epochs.map(({ id }) => id));
    const oldest = Math.min(...epochs.flatMap(({ startsAt }) => startsAt ?? []));
    const filter = {
      identity: null,
      tag: null,
      trace: null,
      from: null,
      to: Math.min(oldest, startedAt - retentionMs),
    };
    let redacted = 0;
    let pages = 0;

    /** Answers with where it ended; null when there is no more. */
    const walk = async (from: RecordedPoint | null, untilDone: boolean): Promise<RecordedPoint | null> => {
      for (let after = from; ; ) {
        if (pages++ >= PAGES_PER_TURN) return after;
        const page = await index.sessions(filter, after, PAGE);
        const outcome = await redactPage(page, kept);
        redacted += outcome.redacted;
        if (page.length < PAGE || (untilDone && outcome.wasDone)) return null;
        after = page.at(-1) ?? null;
      }
    };

    if (lookedUpTo !== null) {
      const end = await walk(null, true);
      // There is more that is new than a turn can do: the rest is looked at from there on.
      if (end !== null) lookedUpTo = end;
    }
    if (lookedUpTo !== 'all') lookedUpTo = (await walk(lookedUpTo, false)) ?? 'all';
    return redacted;
  };

  const redactCredentials = async (startedAt: number): Promise<number> => {
    const ended = await index.endedCredentials(startedAt - retentionMs, CREDENTIALS_PER_TURN);
    const keyIds = await inParallel(ended, AT_ONCE, ({ name }) => keyOf(streamName('credential', name)));
    const ids = keyIds.filter((id) => id !== null);
    if (ids.length > 0) await keys.destroyDataKeys(ids);
    await inParallel(ended, AT_ONCE, ({ name }) =>
      taken(options.credentials.redact(name, { reason: 'retention', policy: `${policy} after its end` }, context())),
    );
    return ended.length;
  };

  return async () => {
    const startedAt = now();
    return {
      epochs: await destroyDue(startedAt),
      sessions: await redactSessions(startedAt),
      credentials: await redactCredentials(startedAt),
    };
  };
};

/** A redaction that lost too many races is a fault: it is done by a later turn. */
const taken = async (result: ReturnType<SessionCommands['redact']>): Promise<void> => {
  const { kind } = await result;
  if (kind === 'refused') throw new Error('A redaction could not be recorded: others kept writing the stream.');
};
