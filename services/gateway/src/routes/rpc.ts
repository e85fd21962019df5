import { logFault, ProblemError, problemAnswer, problemOf, readConsistency, tooManyContainers } from '@signalbox/http';
import type { GatewayRoute } from '../app.ts';

const NOTHING = new Uint8Array();

/**
 * Rondevu's protocol. It has its own envelope, authentication and errors, and of the HTTP layer it uses the bounds of the
 * body, the limits and the load shedding. The bytes go to the dialects as they came, whatever their content type says.
 */
export const rpc: GatewayRoute = async (app, { rondevu, progress, consistencyWaitMs }) => {
  app.removeAllContentTypeParsers();
  // Upstream does not look at the content type, and one that is malformed would be refused before any parser is asked.
  app.addHook('onRequest', (request, _reply, done) => {
    request.headers['content-type'] = 'application/octet-stream';
    done();
  });
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body));
  // What the HTTP layer refuses (a body beyond its limit, overload) is told in the envelope that clients can read.
  app.setErrorHandler((error, request, reply) => {
    const problem = problemOf(error);
    logFault(request.log, problem.code, { err: error });
    const { status, headers, body } = problemAnswer(problem, request.traceId, '');
    const results = [{ success: false, error: body.title, errorCode: problem.code }];
    return reply.code(status).headers(headers).type('application/json').send(JSON.stringify(results));
  });
  app.route({
    method: 'POST',
    url: '/rpc',
    config: { access: 'public', rate: 'rpc', limit: 'told', cors: 'rondevu' },
    schema: {
      summary: 'Rondevu’s wire protocol, in each of its dialects',
      description: 'A JSON array of calls; the answer is an array of the same length. See docs/rondevu.md.',
      tags: ['rondevu'],
    },
    handler: async (request, reply) => {
      const body = request.body instanceof Uint8Array ? request.body : NOTHING;
      if (tooManyContainers(body)) throw new ProblemError('INVALID_PARAMS');
      // Rondevu's own clients never send one; a client of both protocols may.
      const known = readConsistency(request);
      if (known && !(await progress.shows(known.writes, known.writtenAt, consistencyWaitMs))) {
        throw new ProblemError('NOT_CAUGHT_UP');
      }
      const answer = await rondevu.call({
        body,
        headers: request.headers,
        clientAddress: request.clientAddress,
        withinLimit: request.withinLimit,
        requestId: request.id,
        traceparent: request.traceparent,
      });
      return reply.code(answer.status).type('application/json').send(answer.body);
    },
  });
};
