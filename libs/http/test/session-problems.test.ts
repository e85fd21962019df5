import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { sendProblem } from '../src/index.ts';
import { anApp } from './harness.ts';

const aRig = async () => {
  const rig = await anApp();
  rig.app.route({
    method: 'GET',
    url: '/v1/sessions/:sessionId',
    config: { access: 'caller' },
    schema: { params: z.object({ sessionId: z.string().max(8) }) },
    handler: async (_request, reply) => sendProblem(reply, 'OFFER_NOT_FOUND'),
  });
  rig.app.route({
    method: 'GET',
    url: '/v1/elsewhere',
    config: { access: 'public' },
    handler: async (_request, reply) => sendProblem(reply, 'OFFER_NOT_FOUND'),
  });
  const get = (url: string, authorization?: string) =>
    rig.app.inject({ method: 'GET', url, headers: authorization === undefined ? {} : { authorization } });
  return { get, problems: rig.problems };
};

const about = { method: 'GET', route: '/v1/sessions/:sessionId', sessionId: 'one' };

describe('a problem on the path of a session', () => {
  it('is told once, with the caller that is proven', async () => {
    const { get, problems } = await aRig();
    expect((await get('/v1/sessions/one', 'Bearer alice')).statusCode).toBe(404);
    expect(problems).toEqual([{ ...about, code: 'OFFER_NOT_FOUND', identity: 'alice', authFailure: null }]);
  });

  it('is told with the reason for which a caller was not believed', async () => {
    const { get, problems } = await aRig();
    await get('/v1/sessions/one', 'Bearer bad');
    await get('/v1/sessions/one');
    expect(problems).toEqual([
      { ...about, code: 'INVALID_CREDENTIALS', identity: null, authFailure: 'bad_token' },
      { ...about, code: 'AUTH_REQUIRED', identity: null, authFailure: 'missing' },
    ]);
  });

  it('is told where the path itself is refused, and not on any other path', async () => {
    const { get, problems } = await aRig();
    await get('/v1/sessions/much-too-long', 'Bearer alice');
    await get('/v1/elsewhere');
    expect(problems).toMatchObject([{ code: 'INVALID_PARAMS', sessionId: 'much-too-long' }]);
  });
});
