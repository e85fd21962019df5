import { internalContext } from '@signalbox/assembly';
import type { CommandContext, CredentialCommands, SessionCommands } from '@signalbox/commands';
import type { DueRow, DueTimes } from '@signalbox/read-models';
import { type After, pause } from './pause.ts';

/**
 * The process manager of expiry. Its state is the due-time read model: at each due time it sends the command that ends
 * what is due, and the row goes when the event that ended it has been applied. The decider alone decides, so a command
 * too many, too early or twice (after a crash, or from a second scheduler) writes nothing.
 */
export type CompensateOptions = {
  readonly due: DueTimes;
  readonly sessions: Pick<SessionCommands, 'expire'>;
  readonly credentials: Pick<CredentialCommands, 'expire'>;
  readonly now: () => number;
  readonly after: After;
  /** How late an end was recorded, in milliseconds: for metrics. */
  readonly onEnded: (kind: DueRow['kind'], lateMs: number) => void;
};

/** How many commands are under way at once: enough to fill a group commit, few enough to leave requests their turn. */
const AT_ONCE = 256;

/** How long a row is left to whoever claimed it. One that still waits then (it failed, or died) is tried again. */
const LEASE_MS = 5_000;

/** How often to look although nothing was said to be due: such a word may be lost on its way from another process. */
const LOOK_AGAIN_MS = 1_000;

/**
 * Runs until `signal` aborts; throws when a command or a look at the due times fails, to be called again by whoever
 * supervises it. Either way it returns only when no command is under way any more. What falls due does not wait for
 * what is being committed. Any number of schedulers may run: what one has claimed, the others leave alone.
 */
export const compensate = async (options: CompensateOptions, signal: AbortSignal): Promise<void> => {
  const { due, now, after } = options;
  const underWay = new Map<string, Promise<void>>();
  let failure: { readonly error: unknown } | null = null;
  /** Counts whatever may end a wait, so that nothing is missed between a look at the rows and the wait. */
  let changes = 0;
  let wakeUp = () => {};
  const changed = () => {
    changes++;
    wakeUp();
  };
  const fail = (error: unknown) => {
    failure ??= { error };
  };

  const start = (row: DueRow) => {
    const name = nameOf(row);
    if (underWay.has(name)) return; // its end takes longer than the lease
    const running = end(options, row)
      .catch(fail)
      .then(() => {
        underWay.delete(name);
        changed();
      });
    underWay.set(name, running);
  };

  /** Starts what is due, as far as there is room. Answers with how long there is nothing more to start. */
  const look = async (): Promise<number> => {
    const room = AT_ONCE - underWay.size;
    if (room === 0) return Number.POSITIVE_INFINITY; // until a command ends
    const claimed = await due.claim(now(), room, LEASE_MS);
    for (const row of claimed) start(row);
    if (claimed.length > 0) return 0;
    const next = (await due.next()) ?? Number.POSITIVE_INFINITY;
    return Math.min(next - now(), LOOK_AGAIN_MS);
  };

  const stopListening = due.onEarlier(changed);
  while (!signal.aborted && failure === null) {
    const seen = changes;
    const quietMs = await look().catch((error: unknown) => {
      fail(error);
      return 0;
    });
    if (quietMs <= 0 || changes !== seen) continue;
    await pause(after, quietMs, signal, (wake) => {
      wakeUp = wake;
      return () => {
        wakeUp = () => {};
      };
    });
  }
  stopListening();
  await Promise.all(underWay.values());
  throwIfFailed(failure);
};

/** Apart, because the compiler does not see that a callback may have set it. */
const throwIfFailed = (failure: { readonly error: unknown } | null): void => {
  if (failure !== null) throw failure.error;
};

const nameOf = ({ kind, id }: DueRow): string => `${kind}/${id}`;

const end = async (options: CompensateOptions, row: DueRow): Promise<void> => {
  const target = row.kind === 'session' ? options.sessions : options.credentials;
  const result = await target.expire(row.id, contextFor(row));
  if (result.kind === 'refused')
    throw new Error(`The end of ${row.kind} ${row.id} was refused: ${result.refusal.code}.`);
  // Null: another command has ended it before this one.
  if (result.value.lateMs !== null) options.onEnded(row.kind, result.value.lateMs);
};

const contextFor = ({ kind, id, dueAt }: DueRow): CommandContext =>
  internalContext('system:scheduler', `due-${kind}-${id}-${dueAt}`);
