import type { FastifyRequest } from 'fastify';
import type { HttpOptions } from './options.ts';
import { ProblemError } from './problem.ts';
import type { App } from './request.ts';

/** Made on demand: most requests are answered before anyone asks. */
const goneSignal = (request: FastifyRequest): AbortSignal => {
  if (request.goneController) return request.goneController.signal;
  const controller = new AbortController();
  request.goneController = controller;
  const { answer } = request;
  // The answer's end of the exchange: a request counts as closed as soon as its body has been read.
  answer?.once('close', () => {
    if (!answer.writableEnded) controller.abort();
  });
  return controller.signal;
};

/**
 * Answers 503 when a request takes too long (L3), from the moment its body is there. What it was doing may go on; it
 * sees `request.gone` abort. Long-polls set `deadlineMs` to what they wait plus a margin.
 */
export const addDeadlines = (app: App, options: HttpOptions): void => {
  const { timers, config } = options;

  app.decorateRequest('gone', {
    getter(this: FastifyRequest) {
      return goneSignal(this);
    },
  });

  app.addHook('preValidation', (request, reply, done) => {
    request.answer = reply.raw;
    request.cancelDeadline = timers.after(request.settings.deadlineMs ?? config.timeouts.requestMs, () => {
      request.goneController?.abort();
      if (!reply.sent) reply.send(new ProblemError('REQUEST_TIMEOUT'));
    });
    // A client that has gone is never answered, so nothing else would call the deadline off and let the request go.
    reply.raw.once('close', request.cancelDeadline);
    done();
  });

  app.addHook('onResponse', (request, _reply, done) => {
    request.cancelDeadline?.();
    done();
  });
};
