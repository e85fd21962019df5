import type { CommandContext } from '@signalbox/commands';
import type { FastifyRequest } from 'fastify';

/** What a route needs to leave an event of what somebody did to the server. */
export type ActingDeps = {
  /** Records what was done; resolves when that is in the log. */
  readonly recordOperation: (
    operation: {
      readonly type: 'AdminActed';
      readonly data: { readonly action: string; readonly target: string | null; readonly actedAt: number };
    },
    context: CommandContext,
  ) => Promise<void>;
  /** Who asked, and by what proof. */
  readonly contextOf: (request: FastifyRequest) => CommandContext;
  /** Epoch milliseconds. */
  readonly now: () => number;
};
