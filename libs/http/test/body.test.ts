import { describe, expect, it } from 'vitest';
import { tooManyContainers } from '../src/index.ts';
import { anApp } from './harness.ts';

const withEcho = async (env: Readonly<Record<string, string>> = {}) => {
  const { app } = await anApp({ env });
  app.post('/v1/echo', { config: { access: 'public' } }, async ({ body, rawBody }) => ({
    body: body === undefined ? 'nothing' : body,
    bytes: rawBody?.length ?? null,
  }));
  return (
    payload: string | Buffer | undefined,
    headers: Readonly<Record<string, string>> = { 'content-type': 'application/json' },
  ) => app.inject({ method: 'POST', url: '/v1/echo', headers, ...(payload !== undefined && { payload }) });
};

describe('a body', () => {
  it('is JSON, and its bytes are kept as they came', async () => {
    const send = await withEcho();
    const response = await send('{ "a" : "é" }');
    expect(response.json()).toEqual({ body: { a: 'é' }, bytes: 14 });
  });

  it('may be JSON with parameters in its type', async () => {
    const send = await withEcho();
    expect((await send('[1]', { 'content-type': 'application/json; charset=utf-8' })).json().body).toEqual([1]);
  });

  it('may be missing or empty', async () => {
    const send = await withEcho();
    expect((await send(undefined, {})).json()).toEqual({ body: 'nothing', bytes: null });
    expect((await send('')).json()).toEqual({ body: 'nothing', bytes: null });
    expect((await send(undefined)).json()).toEqual({ body: 'nothing', bytes: null });
  });

  it.each(['{', 'undefined', '{"a":1}x', '\u0000', "{'a':1}"])('that is not JSON is refused: %j', async (text) => {
    const send = await withEcho();
    const response = await send(text);
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({
      code: 'INVALID_PARAMS',
      errors: [{ path: 'body', message: 'is not valid JSON' }],
    });
  });

  it('that is not UTF-8 is refused', async () => {
    const send = await withEcho();
    const response = await send(Buffer.from([0x22, 0xff, 0x22]));
    expect(response.json()).toMatchObject({ status: 400, errors: [{ path: 'body', message: 'is not valid UTF-8' }] });
  });

  it.each([
    ['{"a":[{"b":"x\\u0000y"}]}', 'body.a[0].b', 'must not hold a null byte'],
    ['{"a\\u0000":1}', 'body', 'must not have a key that holds a null byte'],
    ['{"a":{"__proto__":{"admin":true}}}', 'body.a', 'must not have a key named __proto__'],
    ['{"\\u005f_proto__":1}', 'body', 'must not have a key named __proto__'],
    ['{"\\u005F\\u005Fproto__":1}', 'body', 'must not have a key named __proto__'],
  ])('is refused for what nobody means well: %s', async (text, path, message) => {
    const send = await withEcho();
    const response = await send(text);
    expect(response.json()).toMatchObject({ status: 400, code: 'INVALID_PARAMS', errors: [{ path, message }] });
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  it('may speak of such things in a text', async () => {
    const send = await withEcho();
    expect((await send('{"a":"__proto__ \\u005f \\\\u0000"}')).json().body).toEqual({ a: '__proto__ _ \\u0000' });
  });

  it('may nest deeper than the stack, without harm', async () => {
    const send = await withEcho();
    const deep = `${'['.repeat(200_000)}"\\u0000"${']'.repeat(200_000)}`;
    expect((await send(deep)).statusCode).toBe(400);
  });

  it('of another type is refused', async () => {
    const send = await withEcho();
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'nonsense']) {
      const response = await send('a=b', { 'content-type': type });
      expect(response.json()).toMatchObject({ status: 415, code: 'UNSUPPORTED_MEDIA_TYPE' });
    }
  });

  it('above the limit is refused', async () => {
    const send = await withEcho({ SIGNALBOX_MAX_BODY_BYTES: '1024' });
    expect((await send(JSON.stringify('x'.repeat(1_022)))).statusCode).toBe(200);
    const response = await send(JSON.stringify('x'.repeat(1_023)));
    expect(response.json()).toMatchObject({ status: 413, code: 'BODY_TOO_LARGE' });
  });
});

describe('the length of a body', () => {
  it('is bounded by its route where that says so, and by the configuration in any case', async () => {
    const { app } = await anApp({ env: { SIGNALBOX_MAX_BODY_BYTES: '2048' } });
    for (const [url, maxBodyBytes] of [['/small', 1_024] as const, ['/large', 1_000_000] as const]) {
      app.post(url, { config: { access: 'public', maxBodyBytes } }, async () => ({}));
    }
    const statusOf = async (url: string, length: number) => {
      const payload = `"${'x'.repeat(length - 2)}"`;
      return (await app.inject({ method: 'POST', url, payload, headers: { 'content-type': 'application/json' } }))
        .statusCode;
    };
    expect([await statusOf('/small', 1_024), await statusOf('/small', 1_025)]).toEqual([200, 413]);
    expect([await statusOf('/large', 2_048), await statusOf('/large', 2_049)]).toEqual([200, 413]);
  });
});

describe('arrays and objects in a body', () => {
  const nested = (count: number) => '['.repeat(count) + ']'.repeat(count);

  it('may be 100,000', () => {
    expect(tooManyContainers(Buffer.from(nested(100_000)))).toBe(false);
    expect(tooManyContainers(Buffer.from(nested(100_001)))).toBe(true);
    expect(tooManyContainers(Buffer.from(`[${'{},'.repeat(99_998)}{}]`))).toBe(false);
    expect(tooManyContainers(Buffer.from(`[${'{},'.repeat(99_999)}{}]`))).toBe(true);
  });

  it('are not counted in strings, whatever is escaped in these', () => {
    const text = (inside: string) => Buffer.from(JSON.stringify([inside.repeat(200_000)]));
    for (const inside of ['[', '{', '"[', '\\[', '\\"{', 'é[']) expect(tooManyContainers(text(inside))).toBe(false);
    const after = Buffer.from(`["\\\\",${nested(100_001)}]`);
    expect(tooManyContainers(after)).toBe(true);
  });

  it('are refused before they are parsed', async () => {
    const send = await withEcho();
    const response = await send(nested(100_001));
    expect(response.json()).toMatchObject({
      status: 400,
      code: 'INVALID_PARAMS',
      errors: [{ path: 'body', message: 'must not hold more than 100,000 arrays and objects' }],
    });
    const broken = await send('['.repeat(100_001));
    expect(broken.json().errors[0].message).toBe('must not hold more than 100,000 arrays and objects');
  });
});
