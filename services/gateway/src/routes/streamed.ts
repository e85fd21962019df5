import { Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Answers with lines of JSON, as fast as they are read and for as long as that takes: the deadline of other answers would
 * cut it off. A server that closes does, so that no reader holds it: the answer breaks off, and does not look whole.
 */
export const streamed = (request: FastifyRequest, reply: FastifyReply, lines: AsyncIterable<string>): FastifyReply => {
  request.cancelDeadline?.();
  return reply
    .header('content-type', 'application/x-ndjson')
    .header('cache-control', 'no-store')
    .send(Readable.from(lines, { objectMode: false, highWaterMark: 1 << 16, signal: request.server.closing }));
};
