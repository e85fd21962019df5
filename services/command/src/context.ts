import type { CommandContext } from '@signalbox/commands';
import type { FastifyRequest } from 'fastify';

/** Who asked, in which request, and by what proof: what every event remembers of its cause. */
export const commandContext = (request: FastifyRequest): CommandContext => ({
  metadata: {
    actor: request.caller?.identity ?? 'anonymous',
    correlationId: request.id,
    causationId: request.id,
    trace: request.traceparent,
    authorisation: request.caller?.authorisation ?? null,
  },
  commandId: request.commandId,
});
