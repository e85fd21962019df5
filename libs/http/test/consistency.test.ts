import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consistencyToken, parseConsistencyToken, readConsistency, writesHeader } from '../src/index.ts';
import { anApp } from './harness.ts';

const writes = [
  { stream: 'session-0190', revision: 0 },
  { stream: 'credential-bob.1', revision: 12 },
];

const withRoute = async () => {
  const { app } = await anApp();
  app.post('/v1/write', { config: { access: 'public' } }, async (_, reply) => writesHeader(reply, writes).send({}));
  app.post('/v1/idle', { config: { access: 'public' } }, async (_, reply) => writesHeader(reply, []).send({}));
  app.get('/v1/read', { config: { access: 'public' } }, async (request) => readConsistency(request));
  return app;
};

describe('a consistency token', () => {
  it('takes what was written from a command’s answer to a query', async () => {
    const app = await withRoute();
    const token = (await app.inject({ method: 'POST', url: '/v1/write' })).headers['signalbox-consistency'];
    const read = await app.inject({ url: '/v1/read', headers: { 'signalbox-consistency': String(token) } });
    expect(read.json()).toEqual(writes);
  });

  it('is not given by a command that wrote nothing, and asks for nothing when it is not sent', async () => {
    const app = await withRoute();
    expect((await app.inject({ method: 'POST', url: '/v1/idle' })).headers['signalbox-consistency']).toBeUndefined();
    expect((await app.inject('/v1/read')).json()).toEqual([]);
  });

  it.each([
    '',
    '!',
    'abc',
    Buffer.from('a@b').toString('base64url'),
    Buffer.from('a@1\n').toString('base64url'),
    'x'.repeat(13_000),
  ])('that is not ours is bad input: %s', async (token) => {
    const app = await withRoute();
    const response = await app.inject({ url: '/v1/read', headers: { 'signalbox-consistency': token } });
    expect(response.json()).toMatchObject({ status: 400, errors: [{ path: 'headers.signalbox-consistency' }] });
  });

  it('holds a hundred new sessions, which is what one request can write', () => {
    const many = Array.from({ length: 100 }, (_, i) => ({
      stream: `session-0190a000-0000-7000-8000-${i}`.padEnd(44, '0'),
      revision: 0,
    }));
    const token = consistencyToken(many);
    expect(token.length).toBeLessThan(8_000);
    expect(parseConsistencyToken(token)).toEqual(many);
  });

  it('comes back as it went, and nothing else is ever read from it', () => {
    const write = fc.record({ stream: fc.stringMatching(/^[a-z]+-[\w.-]{1,60}$/), revision: fc.nat() });
    fc.assert(
      fc.property(fc.array(write, { minLength: 1, maxLength: 20 }), (list) => {
        expect(parseConsistencyToken(consistencyToken(list))).toEqual(list);
      }),
    );
    fc.assert(fc.property(fc.string(), (text) => parseConsistencyToken(text) === undefined || /^[\w-]+$/.test(text)));
  });
});
