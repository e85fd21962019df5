import { problemAnswer, sendProblem } from '@signalbox/http';
import type { FastifyInstance } from 'fastify';
import type { z } from 'zod';
import type { GatewayDeps, GatewayRoute } from '../app.ts';

type Batch = z.infer<GatewayDeps['v1']['batch']['body']>;
type Item = Batch['requests'][number];

/** Characters of an answer beyond which no further request is run. */
const MAX_ANSWER_LENGTH = 16 * 1024 * 1024;

/** A batch waits for each of its requests in turn; each has a deadline of its own. */
const BATCH_DEADLINE_MS = 60_000;

/**
 * Many v1 requests in one. Each is a request of its own: own authentication (nothing is inherited), own limits, own
 * problem; one that fails does not stop the rest. They run in the order given, each seeing what the ones before wrote.
 * What they ask for in all is counted before the first one runs.
 */
export const batch: GatewayRoute = async (app, { v1, limits }) => {
  app.route({
    method: 'POST',
    url: '/v1/batch',
    config: { access: 'public', rate: 'rpc', deadlineMs: BATCH_DEADLINE_MS },
    schema: {
      summary: 'Many requests in one, each with its own authentication and result',
      tags: ['batch'],
      body: v1.batch.body,
      response: { 200: v1.batch.answer },
    },
    handler: async (request, reply) => {
      const { requests } = request.body;
      const operations = requests.reduce((sum, item) => sum + operationsOf(item), 0);
      if (requests.length > limits.maxBatch || operations > limits.maxOperations) {
        return sendProblem(reply, 'BATCH_TOO_LARGE');
      }
      const wrong = requests.flatMap((item, index) => {
        const message = wrongPath(item);
        return message === undefined ? [] : [{ path: `body.requests[${index}].path`, message }];
      });
      if (wrong.length > 0) return sendProblem(reply, 'INVALID_PARAMS', { errors: wrong });
      const { remoteAddress } = request.raw.socket;
      const responses: string[] = [];
      let length = 0;
      for (const item of requests) {
        if (request.gone.aborted) break; // nobody waits for the rest
        const response =
          length > MAX_ANSWER_LENGTH ? tooLong(request.traceId) : await run(app, item, remoteAddress, request.headers);
        responses.push(response);
        length += response.length;
      }
      // Each answer is JSON already and is passed on as the text that it is, in the shape that the schema says.
      const text: unknown = `{"responses":[${responses.join(',')}]}`;
      return reply
        .code(200)
        .type('application/json')
        .send(text as { responses: [] });
    },
  });
};

/**
 * Why this path can't be in a batch. Dots and escapes are resolved before a request is routed, so a path is judged by
 * where it leads.
 */
const wrongPath = ({ path }: Item): string | undefined => {
  const url = URL.parse(path, 'http://batch');
  const pathname = url === null ? undefined : unescaped(url.pathname);
  if (url === null || pathname === undefined || url.pathname !== path.split('?', 1)[0]) return 'is not a plain path';
  return pathname.startsWith('/v1/batch') ? 'a batch can’t hold another' : undefined;
};

const unescaped = (pathname: string): string | undefined => {
  try {
    return decodeURIComponent(pathname);
  } catch {
    return undefined;
  }
};

/** Each offer and each candidate is one operation, anything else is one. */
const operationsOf = ({ body }: Item): number => {
  const parsed = typeof body === 'string' ? parse(body) : body;
  if (typeof parsed !== 'object' || parsed === null) return 1;
  const { offers, candidates } = parsed as { readonly offers?: unknown; readonly candidates?: unknown };
  const lengths = [offers, candidates].map((list) => (Array.isArray(list) ? list.length : 0));
  return Math.max(1, ...lengths);
};

/** What does not parse counts as one: its own request will be told why. */
const parse = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};

/** Set by the connection, not by the item: whose they are must not change inside a batch. */
const FROM_CONNECTION = ['host', 'x-forwarded-for', 'x-forwarded-proto', 'x-forwarded-host', 'forwarded'] as const;

const run = async (
  app: FastifyInstance,
  item: Item,
  remoteAddress: string | undefined,
  outer: Readonly<Record<string, string | string[] | undefined>>,
) => {
  const headers: Record<string, string | string[]> = {};
  for (const [name, value] of Object.entries(item.headers ?? {})) headers[name.toLowerCase()] = value;
  for (const name of FROM_CONNECTION) {
    delete headers[name];
    const value = outer[name];
    if (value !== undefined) headers[name] = value;
  }
  const hasBody = item.body !== undefined;
  if (hasBody) headers['content-type'] ??= 'application/json';
  const answer = await app.inject({
    method: item.method,
    url: item.path,
    headers,
    ...(remoteAddress !== undefined && { remoteAddress }),
    ...(hasBody && { payload: typeof item.body === 'string' ? item.body : JSON.stringify(item.body) }),
  });
  return responseText(answer.statusCode, textHeaders(answer.headers), answer.body);
};

const responseText = (status: number, headers: Readonly<Record<string, string>>, body: string): string => {
  const isJson = /[/+]json\b/.test(headers['content-type'] ?? '');
  const shown = body === '' ? '' : `,"body":${isJson ? body : JSON.stringify(body)}`;
  return `{"status":${status},"headers":${JSON.stringify(headers)}${shown}}`;
};

/** Stands in the place of a request that was not run, because the answers before it are as much as a batch may hold. */
const tooLong = (traceId: string): string => {
  const { status, headers, body } = problemAnswer({ code: 'BATCH_TOO_LARGE' }, traceId, '');
  return responseText(status, headers, JSON.stringify(body));
};

const textHeaders = (headers: Readonly<Record<string, unknown>>): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).flatMap(([name, value]) => (value === undefined ? [] : [[name, String(value)]])),
  );
