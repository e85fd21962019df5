import { deflateRawSync } from 'node:zlib';
import { seededChance, t0 } from '@signalbox/testing';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { consistencyToken, parseConsistencyToken, readConsistency, writesHeader } from '../src/index.ts';
import { anApp } from './harness.ts';

const writes = [
  { stream: 'session-0190', revision: 0 },
  { stream: 'credential-bob.1', revision: 12 },
];

/** The list of two writes, after the time at which they were made. */
const list = (time: string) => Buffer.from(`${time}\na@1\nb@2`).toString('base64url');

const withRoute = async () => {
  const { app, time } = await anApp();
  app.post('/v1/write', { config: { access: 'public' } }, async (_, reply) => writesHeader(reply, writes).send({}));
  app.post('/v1/idle', { config: { access: 'public' } }, async (_, reply) => writesHeader(reply, []).send({}));
  app.get('/v1/read', { config: { access: 'public' } }, async (request) => readConsistency(request));
  return { app, time };
};

describe('a consistency token', () => {
  it('takes what was written from a command’s answer to a query', async () => {
    const { app, time } = await withRoute();
    time.advance(1_234);
    const token = (await app.inject({ method: 'POST', url: '/v1/write' })).headers['signalbox-consistency'];
    const writtenAt = time.clock.now();
    time.advance(5_000);
    const read = await app.inject({ url: '/v1/read', headers: { 'signalbox-consistency': String(token) } });
    expect(read.json()).toEqual({ writes, writtenAt });
  });

  it('is not given by a command that wrote nothing, and asks for nothing when it is not sent', async () => {
    const { app } = await withRoute();
    expect((await app.inject({ method: 'POST', url: '/v1/idle' })).headers['signalbox-consistency']).toBeUndefined();
    expect((await app.inject('/v1/read')).json()).toBeNull();
  });

  it.each([
    '',
    '!',
    'abc',
    Buffer.from('a@b').toString('base64url'),
    Buffer.from('a@1').toString('base64url'),
    Buffer.from('@5').toString('base64url'),
    Buffer.from('@5\n').toString('base64url'),
    Buffer.from('@5\na@1\n').toString('base64url'),
    Buffer.from('a@1\n@5').toString('base64url'),
    ...['', '5', '@', '@-5', '@5.5', `@${'5'.repeat(16)}`].map(list),
    'x'.repeat(13_000),
    'z.',
    'z.!',
    `z.${Buffer.from('not compressed').toString('base64url')}`,
    'z.z.AwA',
  ])('that is not ours is bad input: %s', async (token) => {
    const { app } = await withRoute();
    const response = await app.inject({ url: '/v1/read', headers: { 'signalbox-consistency': token } });
    expect(response.json()).toMatchObject({ status: 400, errors: [{ path: 'headers.signalbox-consistency' }] });
  });

  it.each(['uuid', 'orderedUuid'] as const)(
    'stays below 3 kB for the hundred sessions that one request can write, named by %s',
    (kind) => {
      for (let seed = 0; seed < 50; seed++) {
        const chance = seededChance(seed);
        const many = Array.from({ length: 100 }, () => ({ stream: `session-${chance[kind]()}`, revision: 0 }));
        const token = consistencyToken({ writes: many, writtenAt: t0 });
        expect(token.length).toBeLessThan(3_000);
        expect(parseConsistencyToken(token)).toEqual({ writes: many, writtenAt: t0 });
      }
    },
  );

  it('is compressed only where that makes it shorter', () => {
    const chance = seededChance(1);
    const some = (length: number) =>
      consistencyToken({
        writes: Array.from({ length }, () => ({ stream: `session-${chance.orderedUuid()}`, revision: 0 })),
        writtenAt: t0,
      });
    expect(some(8)).toMatch(/^[\w-]+$/);
    expect(some(9)).toMatch(/^z\.[\w-]+$/);
    expect(some(9).length).toBeLessThan(some(8).length);
  });

  it('is not unfolded beyond what a list of ours can hold', () => {
    const packed = (text: string) => `z.${deflateRawSync(text).toString('base64url')}`;
    const two = [
      { stream: 'a', revision: 1 },
      { stream: 'b', revision: 2 },
    ];
    expect(parseConsistencyToken(packed('@5\na@1\nb@2'))).toEqual({ writes: two, writtenAt: 5 });
    expect(parseConsistencyToken(list('@5'))).toEqual({ writes: two, writtenAt: 5 });
    const bomb = packed(`@5\n${'a@1\n'.repeat(1_000_000)}`);
    expect(bomb.length).toBeLessThan(12_288);
    expect(parseConsistencyToken(bomb)).toBeUndefined();
    expect(parseConsistencyToken(packed(['@5', ...Array(1_001).fill('a@1')].join('\n')))).toBeUndefined();
  });

  it('comes back as it went, and nothing else is ever read from it', () => {
    const write = fc.record({ stream: fc.stringMatching(/^[a-z]+-[\w.-]{1,60}$/), revision: fc.nat() });
    fc.assert(
      fc.property(fc.array(write, { minLength: 1, maxLength: 20 }), fc.nat(), (some, writtenAt) => {
        const consistency = { writes: some, writtenAt };
        expect(parseConsistencyToken(consistencyToken(consistency))).toEqual(consistency);
      }),
    );
    fc.assert(
      fc.property(fc.string(), (text) => parseConsistencyToken(text) === undefined || /^(?:z\.)?[\w-]+$/.test(text)),
    );
  });
});
