import { IncomingMessage } from 'node:http';
import { Socket } from 'node:net';
import { Writable } from 'node:stream';
import { settle } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { createLogger, runInContext } from '../src/index.ts';
import { readableLogger } from './fakes.ts';

const SDP = 'v=0\r\no=- 46117 2 IN IP4 203.0.113.7\r\ns=-\r\n';
const CANDIDATE = 'candidate:1 1 udp 2122 198.51.100.9 54400 typ host';
const SECRET = '0123456789abcdef'.repeat(4);
const TOKEN = `eyJhbGciOiJIUzI1NiJ9.${'e30'.repeat(20)}.${'c2ln'.repeat(11)}`;
const SIGNATURE = `${'MEUCIQDx+/'.repeat(8)}==`;
const CANARIES = [
  '203.0.113.7',
  '198.51.100.9',
  '2001:db8::17',
  SECRET,
  TOKEN,
  SIGNATURE,
  'o=- 46117',
  'typ host',
  'hunter2',
];

const expectNoCanary = (texts: readonly string[]) => {
  expect(texts.length).toBeGreaterThan(0);
  for (const text of texts) for (const canary of CANARIES) expect(text).not.toContain(canary);
};

describe('a log line', () => {
  it('is one JSON object with its level by name, the instance, and what was handed in', () => {
    const { logger, lines } = readableLogger();
    logger.info({ route: '/v1/sessions', status: 201, count: 3, flags: [true, null] }, 'done');
    expect(lines()).toEqual([
      {
        level: 'info',
        time: expect.any(Number),
        instance: 'test-1',
        route: '/v1/sessions',
        status: 201,
        count: 3,
        flags: [true, null],
        msg: 'done',
      },
    ]);
  });

  it('is left out below the level', () => {
    const { logger, texts } = readableLogger('info');
    logger.debug('not this');
    logger.info('this');
    expect(texts).toHaveLength(1);
  });

  it('bears the ids of the request it was written for', async () => {
    const { logger, lines } = readableLogger();
    await runInContext({ requestId: 'r1', traceId: 't1' }, async () => {
      await Promise.resolve();
      logger.info({ once: true }, 'inside');
      logger.info('inside again');
    });
    logger.info('outside');
    expect(lines().map(({ requestId, traceId, once }) => [requestId, traceId, once])).toEqual([
      ['r1', 't1', true],
      ['r1', 't1', undefined],
      [undefined, undefined, undefined],
    ]);
  });

  it('keeps an identity that looks like a key, in the field that is meant for it', () => {
    const { logger, lines } = readableLogger();
    logger.info({ caller: SECRET, other: SECRET }, 'request');
    expect(lines()[0]).toMatchObject({ caller: SECRET, other: '[redacted]' });
  });

  it('still says where a server listens', () => {
    const { logger, lines } = readableLogger();
    logger.info('listening on http://127.0.0.1:3000 and 0.0.0.0 and ::1 at 12:30:45');
    expect(lines()[0]?.msg).toBe('listening on http://127.0.0.1:3000 and 0.0.0.0 and ::1 at 12:30:45');
  });
});

describe('what never gets out', () => {
  it.each([
    ['sdp', SDP],
    ['offerSdp', SDP],
    ['candidates', [{ candidate: CANDIDATE }]],
    ['secret', 'hunter2'],
    ['password', 'hunter2'],
    ['token', TOKEN],
    ['authorization', `Bearer ${TOKEN}`],
    ['Signature-Input', 'sig=hunter2'],
    ['cookie', 'a=hunter2'],
    ['masterKeys', ['hunter2']],
    ['remoteAddress', '203.0.113.7'],
    ['ip', '203.0.113.7'],
    ['x-forwarded-for', '203.0.113.7'],
    ['headers', { host: 'hunter2' }],
    ['body', { anything: 'hunter2' }],
    ['url', '/v1/x?token=hunter2'],
  ])('is the value of a field called %s, at any depth', (name, value) => {
    const { logger, texts, lines } = readableLogger();
    logger.info({ [name]: value, deep: { er: [{ [name]: value }] } }, 'hello');
    expectNoCanary(texts);
    expect(lines()[0]).toMatchObject({ [name]: '[redacted]', deep: { er: [{ [name]: '[redacted]' }] } });
  });

  it.each([
    ['an SDP', SDP],
    ['an SDP within JSON', JSON.stringify({ x: SDP })],
    ['a candidate', `got ${CANDIDATE}`],
    ['a secret', `key ${SECRET} is wrong`],
    ['a token', `token=${TOKEN};`],
    ['a bearer header', `Authorization: Bearer hunter2`],
    ['a signature', `sig=:${SIGNATURE}:`],
    ['an address', 'from 203.0.113.7:4433'],
    ['a mapped address', 'from ::ffff:203.0.113.7'],
    ['an IPv6 address', 'from [2001:db8::17]:443'],
  ])('is %s inside of a text: message, parameter, field, key, error and cause', (_, text) => {
    const { logger, texts } = readableLogger();
    logger.info(text);
    logger.info('because %s and %o', text, { why: text });
    logger.info({ note: text, [text]: 1, list: [text] }, text);
    logger.error(new Error(text));
    logger.error({ err: new Error('outer', { cause: new TypeError(text) }) });
    logger.error({ failure: Object.assign(new Error('x'), { request: { body: text }, stack: text }) }, 'y');
    expectNoCanary(texts);
    expect(texts).toHaveLength(6);
  });

  it('is the inside of an object that is not plain data', () => {
    const { logger, texts, lines } = readableLogger();
    const raw = new IncomingMessage(new Socket());
    raw.headers.authorization = 'Bearer hunter2';
    logger.info({ raw, bytes: Buffer.from('hunter2'), keys: new Map([['a', 'hunter2']]), run: () => 'hunter2' }, 'x');
    expectNoCanary(texts);
    expect(lines()[0]).toMatchObject({ raw: '[IncomingMessage]', bytes: '[Buffer]', run: '[function]' });
  });

  it('does not throw on what cannot be written: circles, big numbers, getters that throw', () => {
    const { logger, lines } = readableLogger();
    const circle: Record<string, unknown> = { name: 'round' };
    circle.self = circle;
    const hostile = {
      get boom() {
        throw new Error('boom');
      },
    };
    logger.info({ circle, big: 10n, hostile, endless: Array(10_000).fill('a') }, 'x');
    expect(lines()).toHaveLength(1);
    expect(lines()[0]).toMatchObject({ big: '10', hostile: {} });
    expect(lines()[0]?.endless).toHaveLength(50);
  });

  it('keeps of an error what helps: type, code, message, stack and cause', () => {
    const { logger, lines } = readableLogger();
    const error = Object.assign(new TypeError('it broke', { cause: new Error('why') }), { code: 'E_BROKE' });
    logger.error({ err: error });
    expect(lines()[0]).toMatchObject({
      level: 'error',
      msg: 'it broke',
      err: {
        type: 'TypeError',
        code: 'E_BROKE',
        message: 'it broke',
        stack: expect.stringContaining('logger.test.ts'),
        cause: { type: 'Error', message: 'why' },
      },
    });
  });

  it('is no different in the form for people', async () => {
    const texts: string[] = [];
    const destination = new Writable({ write: (chunk, _, done) => done(void texts.push(String(chunk)) as undefined) });
    const logger = createLogger({ level: 'info', instance: 'i', pretty: true, destination });
    logger.info({ token: TOKEN, note: `from 203.0.113.7` }, `Bearer ${TOKEN}`);
    await settle();
    expectNoCanary(texts);
    expect(texts.join('')).toContain('INFO');
  });
});
