import type { CommandContext, CredentialCommands, SessionCommands } from '@signalbox/commands';
import type { DueRow, DueTimes } from '@signalbox/read-models';
import { internalContext } from './internal-context.ts';
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

/** How long a row is set aside that is due by the read model but not by its stream. */
const PAUSE_MS = 1_000;

/**
 * Runs until `signal` aborts; throws when a command fails, to be called again by whoever supervises it. Either way it
 * returns only when no command is under way any more. What falls due does not wait for what is being committed.
 */
export const compensate = async (options: CompensateOptions, signal: AbortSignal): Promise<void> => {
  const { due, now, after } = options;
  const underWay = new Map<string, Promise<void>>();
  /** Rows that stay due, each with how to call off its return. */
  const setAside = new Map<string, () => void>();
  let failure: { readonly error: unknown } | null = null;
  /** Counts whatever may end a wait, so that nothing is missed between a look at the rows and the wait. */
  let changes = 0;
  let wakeUp = () => {};
  const changed = () => {
    changes++;
    wakeUp();
  };

  const start = (row: DueRow) => {
    const name = nameOf(row);
    const running = end(options, row)
      .then((ended) => {
        if (ended) return;
        const comeBack = () => {
          setAside.delete(name);
          changed();
        };
        setAside.set(name, after(PAUSE_MS, comeBack));
      })
      .catch((error: unknown) => {
        failure ??= { error };
      })
      .then(() => {
        underWay.delete(name);
        changed();
      });
    underWay.set(name, running);
  };
  const isFree = (row: DueRow) => !underWay.has(nameOf(row)) && !setAside.has(nameOf(row));

  const stopListening = due.onEarlier(changed);
  while (!signal.aborted && failure === null) {
    const seen = changes;
    const taken = underWay.size + setAside.size;
    // The rows that are taken come first, since they were due first; one more tells when to look again.
    const rows = await due.due(Number.MAX_SAFE_INTEGER, taken + AT_ONCE + 1);
    const free = rows.filter(isFree);
    const dueNow = free.filter((row) => row.dueAt <= now()).slice(0, AT_ONCE - underWay.size);
    for (const row of dueNow) start(row);
    if (dueNow.length > 0 || changes !== seen) continue;
    // With no room left, only a command that ends can make a difference.
    const next = underWay.size < AT_ONCE ? (free[0]?.dueAt ?? Number.POSITIVE_INFINITY) : Number.POSITIVE_INFINITY;
    await pause(after, next - now(), signal, (wake) => {
      wakeUp = wake;
      return () => {
        wakeUp = () => {};
      };
    });
  }
  stopListening();
  await Promise.all(underWay.values());
  // Only now: a command that was still under way may have set its row aside.
  for (const callOff of setAside.values()) callOff();
  throwIfFailed(failure);
};

/** Apart, because the compiler does not see that a callback may have set it. */
const throwIfFailed = (failure: { readonly error: unknown } | null): void => {
  if (failure !== null) throw failure.error;
};

const nameOf = ({ kind, id }: DueRow): string => `${kind}/${id}`;

/** True when this command ended it. */
const end = async (options: CompensateOptions, row: DueRow): Promise<boolean> => {
  const target = row.kind === 'session' ? options.sessions : options.credentials;
  const result = await target.expire(row.id, contextFor(row));
  if (result.kind === 'refused')
    throw new Error(`The end of ${row.kind} ${row.id} was refused: ${result.refusal.code}.`);
  if (result.value.lateMs === null) return false;
  options.onEnded(row.kind, result.value.lateMs);
  return true;
};

const contextFor = ({ kind, id, dueAt }: DueRow): CommandContext =>
  internalContext('system:scheduler', `due-${kind}-${id}-${dueAt}`);
