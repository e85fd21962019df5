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

/** How long to wait before trying again what is due by the read model but not by its stream. */
const PAUSE_MS = 1_000;

/** Runs until `signal` aborts; throws when a command fails, to be called again by whoever supervises it. */
export const compensate = async (options: CompensateOptions, signal: AbortSignal): Promise<void> => {
  while (!signal.aborted) {
    const due = await options.due.due(options.now(), AT_ONCE);
    if (due.length === 0) {
      await untilNext(options, signal);
      continue;
    }
    const ended = await Promise.all(due.map((row) => end(options, row)));
    if (!ended.includes(true)) await pause(options.after, PAUSE_MS, signal);
  }
};

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

/** Waits for the earliest due time; an earlier one that comes up meanwhile ends the wait. */
const untilNext = async ({ due, now, after }: CompensateOptions, signal: AbortSignal): Promise<void> => {
  let earlier = false;
  const stop = due.onEarlier(() => {
    earlier = true;
  });
  const next = await due.next();
  stop();
  if (earlier) return;
  await pause(after, next === null ? Number.POSITIVE_INFINITY : next - now(), signal, (wakeUp) =>
    due.onEarlier(wakeUp),
  );
};
