import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { settle, until } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { anApp } from './harness.ts';

/** A route that waits until it is told to go on, or nobody waits for it any more. */
const withWaiting = async (setting: Parameters<typeof anApp>[0] = {}) => {
  const made = await anApp(setting);
  const begun = Promise.withResolvers<void>();
  const goOn = Promise.withResolvers<void>();
  const events: string[] = [];
  const config = { access: 'public' } as const;
  const handler = async ({ gone }: { readonly gone: AbortSignal }) => {
    gone.addEventListener('abort', () => events.push('gone'));
    made.app.closing.addEventListener('abort', () => {
      events.push('closing');
      goOn.resolve();
    });
    begun.resolve();
    await goOn.promise;
    events.push('done');
    return { done: true };
  };
  made.app.get('/v1/wait', { config }, handler);
  made.app.post('/v1/wait', { config }, handler);
  made.app.get('/v1/poll', { config: { ...config, deadlineMs: 40_000 } }, handler);
  return { ...made, begun: begun.promise, goOn: goOn.resolve, events };
};

const listening = async (setting: Parameters<typeof anApp>[0] = {}) => {
  const made = await withWaiting(setting);
  await made.app.listen({ port: 0, host: '127.0.0.1' });
  const { port } = made.app.server.address() as AddressInfo;
  return { ...made, port, address: `http://127.0.0.1:${port}` };
};

describe('a deadline', () => {
  it('ends the wait of the client with 503, and tells the work', async () => {
    const { app, time, begun, events, goOn } = await withWaiting();
    const response = app.inject('/v1/wait');
    await begun;
    time.advance(9_999);
    await settle();
    expect(events).toEqual([]);
    time.advance(1);
    const answered = await response;
    expect(answered.json()).toMatchObject({ status: 503, code: 'REQUEST_TIMEOUT' });
    expect(answered.headers['retry-after']).toBe('1');
    expect(events).toEqual(['gone']);
    goOn();
    await settle();
    expect(events).toEqual(['gone', 'done']);
  });

  it('is another where the route says so', async () => {
    const { app, time, begun, goOn } = await withWaiting();
    const response = app.inject('/v1/poll');
    await begun;
    time.advance(39_999);
    goOn();
    expect((await response).statusCode).toBe(200);
  });

  it('leaves no timer behind', async () => {
    const { app, time, begun, goOn, events } = await withWaiting();
    const response = app.inject('/v1/wait');
    await begun;
    goOn();
    await response;
    expect(time.waiting.size).toBe(0);
    expect(events).toEqual(['done']);
  });
});

describe('a client that goes away', () => {
  it.each(['GET', 'POST'])('is noticed by who waits for it: %s', async (method) => {
    const { app, port, time, begun, events, goOn } = await listening();
    const socket = connect(port, '127.0.0.1');
    const body = method === 'POST' ? 'Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{}' : '\r\n';
    socket.write(`${method} /v1/wait HTTP/1.1\r\nHost: a\r\n${body}`);
    await begun;
    expect(events).toEqual([]);
    socket.destroy();
    await until('it is told, and no timer is left', () => events.length > 0 && time.waiting.size === 0);
    expect(events).toEqual(['gone']);
    goOn();
    await app.close();
  });
});

describe('closing', () => {
  it('tells who waits, lets requests in flight finish, and only then is done', async () => {
    const { app, address, begun, events } = await listening();
    const response = fetch(`${address}/v1/wait`);
    await begun;
    await app.close();
    expect((await response).status).toBe(200);
    expect(events).toEqual(['closing', 'done']);
  });

  it('refuses what still arrives on open connections, and closes those', async () => {
    const { app } = await withWaiting();
    const held = Promise.withResolvers<void>();
    app.addHook('preClose', () => held.promise);
    await app.listen({ port: 0, host: '127.0.0.1' });
    const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
    let answer = '';
    socket.on('data', (chunk) => {
      answer += chunk.toString();
    });
    await once(socket, 'connect');
    const closed = app.close();
    await until('it is closing', () => app.closing.aborted);
    socket.write('GET /v1/wait HTTP/1.1\r\nHost: a\r\n\r\n');
    await until('it has answered', () => answer.includes('}'));
    held.resolve();
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 503 /);
    expect(answer.toLowerCase()).toContain('connection: close');
    expect(answer).toContain('"code":"OVERLOADED"');
  });

  it.each([
    ['half a header', 'POST /v1/wait HTTP/1.1\r\nHos'],
    [
      'half a body',
      'POST /v1/wait HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 9\r\n\r\n[',
    ],
  ])('gives who has sent %s a second more', async (_, text) => {
    const { app, time, port } = await listening();
    const arrived = once(app.server, 'connection');
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    const [server] = (await arrived) as [Socket];
    socket.write(text);
    await until('it has come', () => server.bytesRead === text.length);
    const closed = app.close();
    await until('it is closing', () => app.closing.aborted && !app.server.listening);
    time.advance(999);
    await settle();
    expect(server.destroyed).toBe(false);
    time.advance(1);
    await closed;
    expect(server.destroyed).toBe(true);
  });

  it('gives who has not come as far as TLS a second more', async () => {
    const { app, time, port } = await listening({ options: { tls: { cert: '', key: '' } } });
    const arrived = once(app.server, 'connection');
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    const [server] = (await arrived) as [Socket];
    const closed = app.close();
    await until('it is closing', () => app.closing.aborted && !app.server.listening);
    await settle();
    expect(server.destroyed).toBe(false);
    time.advance(1_000);
    await closed;
    expect(server.destroyed).toBe(true);
  });

  it('lets a request finish that arrives within that second, and one that has arrived, however long it takes', async () => {
    const { app, time } = await anApp();
    const [begun, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    app.get('/v1/slow', { config: { access: 'public' } }, async () => {
      begun.resolve();
      await goOn.promise;
      return { slow: true };
    });
    app.post('/v1/late', { config: { access: 'public' } }, async ({ body }) => body);
    const address = await app.listen({ port: 0, host: '127.0.0.1' });
    const slow = fetch(`${address}/v1/slow`);
    await begun.promise;
    const asked = once(app.server, 'request');
    const late = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
    late.write('POST /v1/late HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\nContent-Length: 10\r\n\r\n{"la');
    await asked;
    const closed = app.close();
    await until('it is closing', () => app.closing.aborted && !app.server.listening);
    late.write('te":1}');
    const [answer] = (await once(late, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1\.1 200 .*\{"late":1\}$/s);
    time.advance(1_000);
    goOn.resolve();
    const response = await slow;
    expect([response.status, await response.json()]).toEqual([200, { slow: true }]);
    await closed;
    expect(time.waiting.size).toBe(0);
  });
});

describe('load', () => {
  it('is shed before anything is done, except for what is needed in trouble', async () => {
    const { app, recorded, events } = await withWaiting({ options: { load: { overloaded: () => 'event_loop' } } });
    const response = await app.inject('/v1/wait');
    expect(response.json()).toMatchObject({ status: 503, code: 'OVERLOADED', retryAfterMs: 2_000 });
    expect(response.headers['retry-after']).toBe('2');
    expect(recorded).toContainEqual(['shed', 'event_loop']);
    expect(events).toEqual([]);
    for (const url of ['/live', '/ready', '/health', '/metrics']) expect((await app.inject(url)).statusCode).toBe(200);
  });

  it('keeps connections bounded', async () => {
    const { app, port } = await listening({ env: { SIGNALBOX_MAX_CONNECTIONS: '1' } });
    const first = connect(port, '127.0.0.1');
    await once(first, 'connect');
    const second = connect(port, '127.0.0.1');
    second.on('error', () => undefined);
    await once(second, 'close');
    expect(first.destroyed).toBe(false);
    first.destroy();
    await app.close();
  });
});
