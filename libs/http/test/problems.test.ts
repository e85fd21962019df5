import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { type AddressInfo, connect, type Server, type Socket } from 'node:net';
import { catalogue, errorCodes } from '@signalbox/contracts';
import { describe, expect, it } from 'vitest';
import { problemSchema, sendProblem } from '../src/index.ts';
import { anApp } from './harness.ts';

const withFailing = async (env: Readonly<Record<string, string>> = {}) => {
  const made = await anApp({ env });
  const failures: Record<string, () => unknown> = {};
  made.app.get('/v1/fail/:how', { config: { access: 'public' } }, async (request, reply) => {
    const { how } = request.params as { readonly how: string };
    const error = failures[how]?.();
    if (error) throw error;
    return sendProblem(reply, 'OFFER_ALREADY_ANSWERED', { detail: 'Too late.', members: { winner: { by: 'eve' } } });
  });
  return { ...made, failures };
};

describe('a problem', () => {
  it('is RFC 9457, of the catalogue, with a trace id', async () => {
    const { app } = await withFailing();
    const response = await app.inject({
      url: '/v1/fail/not',
      headers: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
    });
    expect(response.statusCode).toBe(409);
    expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(response.json()).toEqual({
      type: '/problems/OFFER_ALREADY_ANSWERED',
      title: 'Someone else answered first',
      status: 409,
      detail: 'Too late.',
      code: 'OFFER_ALREADY_ANSWERED',
      traceId: '4bf92f3577b34da6a3ce929d0e0e4736',
      winner: { by: 'eve' },
    });
  });

  it('points at the page of this server, under the address that clients use', async () => {
    const { app } = await withFailing({ SIGNALBOX_PUBLIC_URL: 'https://signal.example' });
    expect((await app.inject('/nowhere')).json().type).toBe('https://signal.example/problems/NOT_FOUND');
  });

  it('has the schema that OpenAPI shows, whatever it is', async () => {
    const { app } = await withFailing();
    for (const url of ['/nowhere', '/v1/fail/not', '/%zz', '/live/']) {
      expect(problemSchema.safeParse((await app.inject(url)).json()).error).toBeUndefined();
    }
  });
});

describe('an error', () => {
  it.each([
    [{ code: 'LOG_UNAVAILABLE' }, 503, 'LOG_UNAVAILABLE', '1', 'warn'],
    [{ code: 'VIEWS_UNAVAILABLE' }, 503, 'VIEWS_UNAVAILABLE', '1', 'warn'],
    [{ code: 'KEYS_UNAVAILABLE' }, 503, 'KEYS_UNAVAILABLE', '1', 'warn'],
    [{ code: 'BREAKER_OPEN', retryAfterMs: 4_200 }, 503, 'LOG_UNAVAILABLE', '5', 'warn'],
    [{ code: 'TIMED_OUT' }, 503, 'REQUEST_TIMEOUT', '1', 'warn'],
    [{ code: 'SQLITE_CORRUPT' }, 500, 'INTERNAL_ERROR', undefined, 'error'],
    [{ statusCode: 418 }, 400, 'INVALID_PARAMS', undefined, undefined],
  ])('%j is answered %d %s', async (shape, status, code, retryAfter, level) => {
    const { app, failures, lines } = await withFailing();
    failures.so = () => Object.assign(new Error('SELECT * FROM secrets at /var/lib/x'), shape);
    const response = await app.inject('/v1/fail/so');
    expect([response.statusCode, response.json().code, response.headers['retry-after']]).toEqual([
      status,
      code,
      retryAfter,
    ]);
    expect(response.body).not.toMatch(/SELECT|\/var\/lib|stack|problems\.test/);
    const logged = lines.filter(({ msg }) => msg !== 'request');
    expect(logged.map((line) => line.level)).toEqual(level === undefined ? [] : [level]);
    if (level) expect(logged[0]).toMatchObject({ traceId: response.json().traceId, route: '/v1/fail/:how' });
  });

  it.each([['text'], [null], [undefined], [7]])('may be thrown as anything at all: %j', async (thrown) => {
    const { app } = await anApp();
    app.get('/v1/odd', { config: { access: 'public' } }, async () => {
      throw thrown;
    });
    const response = await app.inject('/v1/odd');
    expect([response.statusCode, response.json().code]).toEqual([500, 'INTERNAL_ERROR']);
  });
});

describe('a path', () => {
  it('that is nowhere is 404, and for other methods 405 with those', async () => {
    const { app } = await withFailing();
    app.delete('/v1/fail/:how', { config: { access: 'public' } }, async () => ({}));
    expect((await app.inject('/v1/fail')).json()).toMatchObject({ status: 404, code: 'NOT_FOUND' });
    expect((await app.inject('/v1/fail/a/b')).statusCode).toBe(404);
    const wrong = await app.inject({ method: 'POST', url: '/v1/fail/x?y=/z' });
    expect(wrong.json()).toMatchObject({ status: 405, code: 'METHOD_NOT_ALLOWED' });
    expect(wrong.headers.allow).toBe('DELETE, GET, HEAD, OPTIONS');
  });

  it('that is nowhere is told so before its body is read', async () => {
    const { app } = await withFailing();
    const headers = { 'content-type': 'application/json' };
    const statusOf = async (url: string) =>
      (await app.inject({ method: 'POST', url, payload: 'not json', headers })).statusCode;
    expect([await statusOf('/nowhere'), await statusOf('/v1/fail/x')]).toEqual([404, 405]);
  });

  it.each(['/%zz', '/v1/fail/%', '/v1/fail/%c3%28', `/v1/fail/${'x'.repeat(600)}`, '/v1/fail/a%00b', '/live?x=%00'])(
    'that cannot be read is 400: %s',
    async (url) => {
      const { app } = await withFailing();
      const response = await app.inject(url);
      expect(response.statusCode).toBe(400);
      expect(response.json()).toMatchObject({
        code: 'INVALID_PARAMS',
        traceId: expect.stringMatching(/^[0-9a-f]{32}$/),
      });
      expect(response.headers['x-request-id']).toBeDefined();
    },
  );
});

describe('what is not HTTP', () => {
  /** What a connection is answered until it is closed. */
  const exchange = async (begin: (client: Socket, server: Server) => void): Promise<string> => {
    const { app } = await anApp();
    await app.listen({ port: 0, host: '127.0.0.1' });
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    begin(socket, app.server);
    await once(socket, 'close');
    await app.close();
    return answer;
  };

  it.each([
    ['nonsense\r\n\r\n', '400 Bad Request', 'INVALID_PARAMS', 'The request is not well-formed HTTP.'],
    [
      'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n',
      '400 Bad Request',
      'INVALID_PARAMS',
      'The request is not well-formed HTTP.',
    ],
    [
      `GET /${'x'.repeat(40_000)} HTTP/1.1\r\nHost: a\r\n\r\n`,
      '431 Request Header Fields Too Large',
      'HEADERS_TOO_LARGE',
      catalogue.HEADERS_TOO_LARGE.help,
    ],
  ])('is answered with what is wrong, and the connection closed', async (text, status, code, detail) => {
    const answer = await exchange((client) => client.write(text));
    expect(answer.split('\r\n')[0]).toBe(`HTTP/1.1 ${status}`);
    expect(answer).toContain('content-type: application/problem+json');
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({
      status: Number.parseInt(status, 10),
      code,
      detail,
    });
  });

  it('is answered 408 when it never gets complete', async () => {
    const answer = await exchange((_client, server) => {
      server.once('connection', (socket) => {
        // What Node emits half a minute later.
        server.emit('clientError', Object.assign(new Error('slow'), { code: 'ERR_HTTP_REQUEST_TIMEOUT' }), socket);
      });
    });
    expect(answer).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(JSON.parse(answer.split('\r\n\r\n')[1] ?? '')).toMatchObject({ status: 408, code: 'REQUEST_NOT_RECEIVED' });
  });
});

describe('the catalogue', () => {
  it('is what docs/errors.md, the pages and OpenAPI tell of, all of it', async () => {
    const { app } = await anApp();
    const documented = [
      ...readFileSync(new URL('../../../docs/errors.md', import.meta.url), 'utf8').matchAll(/^## (\w+)$/gm),
    ];
    expect(documented.map(([, code]) => code)).toEqual(errorCodes);
    const list = (await app.inject('/problems')).body;
    const linked = [...list.matchAll(/href="\/problems\/(\w+)"/g)].map(([, code]) => code);
    expect(linked).toEqual(errorCodes);
    const openapi = (await app.inject('/openapi.json')).json();
    expect(openapi.components.schemas.Problem.properties.code.enum).toEqual(errorCodes);
  });

  it('has a page for each code, with its status, its title and what to do', async () => {
    const { app } = await anApp();
    for (const code of errorCodes) {
      const page = await app.inject(`/problems/${code}`);
      expect([page.statusCode, page.headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
      expect(page.body).toContain(`<code>${code}</code>, status ${catalogue[code].status}`);
      expect(page.body).toContain(catalogue[code].help.split(/[`'’&<>"]/)[0]);
      expect(page.body).not.toMatch(/https?:\/\/(?!www\.w3)/);
    }
  });

  it('has no page for what is not in it', async () => {
    const { app } = await anApp();
    for (const name of ['NONE', 'constructor', '__proto__']) {
      expect((await app.inject(`/problems/${name}`)).json().code).toBe('NOT_FOUND');
    }
  });

  it('has no code twice in spirit: every entry has a title, a help text and an error status', () => {
    expect(new Set(errorCodes.map((code) => catalogue[code].title)).size).toBe(errorCodes.length);
    for (const code of errorCodes) {
      expect(catalogue[code].status).toBeGreaterThanOrEqual(400);
      expect(catalogue[code].help.length).toBeGreaterThan(20);
    }
  });
});
