import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { anApp } from './harness.ts';

const body = z.strictObject({
  offers: z.array(z.object({ sdp: z.string().min(1) })),
  tag: z
    .string()
    .refine((text) => text !== 'bad', { message: 'is bad', params: { code: 'INVALID_TAG' } })
    .optional(),
});

const withRoute = async (checkResponses = true) => {
  const made = await anApp({ options: { checkResponses } });
  let handled = 0;
  made.app.post(
    '/v1/things/:id',
    {
      config: { access: 'public' },
      schema: {
        params: z.object({ id: z.string().max(5) }),
        querystring: z.object({ limit: z.coerce.number().int().max(10).default(3) }),
        headers: z.object({ prefer: z.string().max(9).optional() }),
        body: body.optional(),
        response: { 200: z.object({ limit: z.number(), sdp: z.string() }) },
      },
    },
    async ({ query, body: given }) => {
      handled++;
      return { limit: query.limit, sdp: given?.offers[0]?.sdp ?? (given ? (7 as unknown as string) : 'none') };
    },
  );
  const send = (payload: object | undefined, url = '/v1/things/1', headers: Record<string, string> = {}) =>
    made.app.inject({ method: 'POST', url, headers, ...(payload && { payload }) });
  return { ...made, send, handled: () => handled };
};

describe('validation', () => {
  it('gives the handler what the schemas made of the request', async () => {
    const { send } = await withRoute();
    expect((await send({ offers: [{ sdp: 'x' }] }, '/v1/things/1?limit=7')).json()).toEqual({ limit: 7, sdp: 'x' });
    expect((await send(undefined)).json()).toEqual({ limit: 3, sdp: 'none' });
  });

  it.each([
    [{ offers: [{ sdp: 'x' }, { sdp: '' }] }, '/v1/things/1', 'body.offers[1].sdp'],
    [{ offers: 1 }, '/v1/things/1', 'body.offers'],
    [{ offers: [], extra: 1 }, '/v1/things/1', 'body'],
    [[], '/v1/things/1', 'body'],
    [{ offers: [] }, '/v1/things/toolong', 'path.id'],
    [{ offers: [] }, '/v1/things/1?limit=11', 'query.limit'],
  ])('names the field that is wrong: %j %s', async (payload, url, path) => {
    const { send, handled } = await withRoute();
    const response = await send(payload, url);
    expect(response.statusCode).toBe(400);
    expect(response.json()).toMatchObject({ code: 'INVALID_PARAMS', errors: [{ path, message: expect.any(String) }] });
    expect(handled()).toBe(0);
  });

  it('names a header', async () => {
    const { send } = await withRoute();
    const response = await send({ offers: [] }, '/v1/things/1', { prefer: 'far too long' });
    expect(response.json().errors).toEqual([{ path: 'headers.prefer', message: expect.any(String) }]);
  });

  it('says no more than twenty things, each of them short', async () => {
    const { send } = await withRoute();
    const response = await send({ offers: Array(50).fill({}), ['k'.repeat(5_000)]: 1 });
    expect(response.json().errors).toHaveLength(20);
    expect(response.body.length).toBeLessThan(3_000);
  });

  it('gives the code that a schema names', async () => {
    const { send } = await withRoute();
    const response = await send({ offers: [], tag: 'bad' });
    expect(response.json()).toMatchObject({ code: 'INVALID_TAG', errors: [{ path: 'body.tag', message: 'is bad' }] });
  });
});

describe('an answer', () => {
  it('that does not match its schema is a fault where answers are checked', async () => {
    const { send, lines } = await withRoute();
    const response = await send({ offers: [] });
    expect([response.statusCode, response.json().code]).toEqual([500, 'INTERNAL_ERROR']);
    const logged = lines.find(({ level }) => level === 'error') as { readonly err: { readonly message: string } };
    expect(logged.err.message).toContain('The answer of POST /v1/things/:id does not match its schema: answer.sdp');
  });

  it('is trusted where they are not', async () => {
    const { send } = await withRoute(false);
    expect((await send({ offers: [] })).json()).toEqual({ limit: 3, sdp: 7 });
  });
});
