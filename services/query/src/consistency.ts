import { readConsistency, sendProblem } from '@signalbox/http';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { QueryDeps } from './app.ts';

/** A query that brings a consistency token sees at least what the token stands for, or is told to come back. */
export const waitForConsistency =
  ({ progress, consistencyWaitMs }: Pick<QueryDeps, 'progress' | 'consistencyWaitMs'>) =>
  async (request: FastifyRequest, reply: FastifyReply) => {
    const consistency = readConsistency(request);
    if (consistency === null) return;
    if (!(await progress.shows(consistency.writes, consistency.writtenAt, consistencyWaitMs))) {
      return sendProblem(reply, 'NOT_CAUGHT_UP', { retryAfterMs: 1_000 });
    }
  };
