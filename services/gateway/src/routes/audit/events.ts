import type { EventFilter, EventsPage } from '@signalbox/audit';
import { auditApi } from '@signalbox/contracts';
import { sendProblem } from '@signalbox/http';
import { streamed } from '../streamed.ts';
import { cloudEventOf } from './cloud-event.ts';
import { positionCursor } from './cursors.ts';
import { type AuditDeps, type AuditRoute, forAuditors } from './deps.ts';

export const auditEvents: AuditRoute = async (app, deps) => {
  const { audit, log, source, onShown, timers, maxWaitMs, requestMs } = deps;

  /** Resolves when the log has something after a position, `signal` aborts or the time is over. */
  const grown = async (after: number, waitMs: number, signal: AbortSignal): Promise<void> => {
    const over = new AbortController();
    const stop = timers.after(waitMs, () => over.abort());
    try {
      const either = AbortSignal.any([signal, over.signal]);
      for await (const { kind } of log.subscribeAll(after, { signal: either })) if (kind === 'events') return;
    } finally {
      over.abort();
      stop();
    }
  };

  const waited = async (
    look: () => Promise<EventsPage>,
    isEmptyEnd: (page: EventsPage) => boolean,
    waitMs: number,
    signal: AbortSignal,
  ): Promise<EventsPage> => {
    const page = await look();
    if (waitMs === 0 || !isEmptyEnd(page)) return page;
    await grown(page.upTo, waitMs, signal);
    return look();
  };

  app.route({
    method: 'GET',
    url: '/v1/audit/events',
    config: { ...forAuditors, deadlineMs: maxWaitMs + requestMs },
    schema: {
      tags: ['audit'],
      summary: 'A page of the log; with `Accept: application/x-ndjson` all of it, as CloudEvents, as it is stored',
      querystring: auditApi.events.query,
      response: { 200: auditApi.events.answer },
    },
    handler: async (request, reply) => {
      const { type = null, trace = null, stream = null, from = null, to = null, order, limit, cursor } = request.query;
      const place = cursor === undefined ? null : positionCursor.decode(cursor);
      if (place === undefined) return sendProblem(reply, 'INVALID_CURSOR');
      const filter: EventFilter = { type, trace, stream, from, to };
      if (/\bapplication\/x-ndjson\b/i.test(request.headers.accept ?? '')) {
        return streamed(request, reply, linesOf(audit, filter, place, source, app.closing));
      }
      const waitMs = Math.min(waitOf(request.headers.prefer), maxWaitMs);
      const signal = AbortSignal.any([request.gone, app.closing]);
      const newest = order === 'newest';
      const page = newest
        ? await audit.pages.newestFirst(filter, place, limit)
        : await waited(
            () => audit.pages.oldestFirst(filter, place, limit),
            ({ events, next }) => events.length === 0 && next === null && to === null,
            waitMs,
            signal,
          );
      if (waitMs > 0) reply.header('preference-applied', `wait=${Math.floor(waitMs / 1_000)}`);
      onShown(page.events.length);
      return reply
        .code(200)
        .header('cache-control', 'no-store')
        .send({
          events: await audit.entries(page.events),
          cursor: page.next === null ? null : positionCursor.encode(page.next),
          resume: positionCursor.encode(page.upTo),
        });
    },
  });
};

/** `Prefer: wait=<seconds>` (RFC 7240) in milliseconds; 0 without one. */
const waitOf = (prefer: string | string[] | undefined): number => {
  const match = /(?:^|[,;\s])wait\s*=\s*"?(\d{1,4})"?/i.exec([prefer ?? ''].flat().join(','));
  return match ? Number(match[1]) * 1_000 : 0;
};

async function* linesOf(
  audit: AuditDeps['audit'],
  filter: EventFilter,
  after: number | null,
  source: string,
  signal: AbortSignal,
): AsyncGenerator<string, void> {
  for await (const events of audit.pages.all(filter, after, signal)) {
    for (const event of events) yield `${JSON.stringify(cloudEventOf(event, source))}\n`;
  }
}
