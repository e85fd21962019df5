import type { CommandContext, CommandOutcome, HandleCommand } from '@signalbox/event-sourcing';
import { type Result, refused, type Write } from './outcome.ts';

/** Resolves when the read models show what was just written; at once where readers bring a token instead. */
export type Settled = (written: Write & { readonly position: number }) => Promise<void>;

/**
 * One command on one stream, to its result. `answer` sees what the command recorded (now, or the first time when this
 * is a retry) and the state after it.
 */
export const execute = async <C, S, E, R extends { readonly code: string }, T>(
  handle: HandleCommand<C, S, E, R>,
  settled: Settled,
  id: string,
  command: C,
  context: CommandContext,
  answer: (outcome: Extract<CommandOutcome<S, E, R>, { readonly kind: 'accepted' }>) => T,
): Promise<Result<T, R>> => {
  const outcome = await handle(id, command, context);
  switch (outcome.kind) {
    case 'contended':
      return refused({ code: 'contended' });
    case 'rejected':
      return { kind: 'refused', refusal: outcome.rejection };
    case 'accepted': {
      const { stream, revision, position } = outcome;
      if (position !== null) await settled({ stream, revision, position });
      return {
        kind: 'done',
        value: answer(outcome),
        writes: [{ stream, revision }],
        changed: position !== null,
      };
    }
  }
};
