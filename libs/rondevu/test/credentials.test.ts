import { createHmac } from 'node:crypto';
import { t0 } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { createRig, credentialClient, type Rig } from './rig.ts';

const day = 86_400_000;
const year = 365 * day;
const generate = (rig: Rig, params?: unknown) => rig.one({ method: 'generateCredentials', params });
const expiryOf = async (rig: Rig, name: string) => (await rig.views.credentials.find(name))?.expiresAt;

describe('generateCredentials', () => {
  it('makes a name and a secret that work at once', async () => {
    const rig = createRig();
    const { success, result } = await generate(rig);
    expect(success).toBe(true);
    expect(result).toEqual({
      name: expect.stringMatching(/^[a-z]+-[a-z]+-[0-9a-f]{16}$/),
      secret: expect.stringMatching(/^[0-9a-f]{64}$/),
      createdAt: t0,
      expiresAt: t0 + year,
    });
    const nonce = rig.newNonce();
    const signature = createHmac('sha256', Buffer.from(result.secret, 'hex'))
      .update(`${t0}:${nonce}:poll:{}`)
      .digest('base64');
    const headers = { 'x-name': result.name, 'x-timestamp': `${t0}`, 'x-nonce': nonce, 'x-signature': signature };
    expect(await rig.one({ method: 'poll' }, headers)).toMatchObject({ success: true });
  });

  it('is open: it asks for no proof and looks at none', async () => {
    const rig = createRig();
    const auth = { publicKey: 'x', timestamp: 1, nonce: 'y', signature: 'z' };
    expect(await rig.one({ method: 'generateCredentials', auth }, { 'x-name': 'nobody' })).toMatchObject({
      success: true,
    });
    const [event] = await rig.log.readAll(0, 1);
    expect(event?.metadata).toEqual({
      actor: 'anonymous',
      correlationId: 'request-1',
      causationId: 'request-1/0',
      trace: null,
      authorisation: {
        ...{ scheme: 'anonymous', key: null, algorithm: null, nonce: null, timestamp: null },
        ...{ signature: null, signedTextHash: null },
      },
    });
  });

  it.each([['abcd'], ['a.b-c'], ['0'.repeat(32)]])('takes the name %s', async (name) => {
    expect(await generate(createRig(), { name })).toMatchObject({ success: true, result: { name } });
  });

  it.each([['abc'], ['a'.repeat(33)], ['-abcd'], ['abcd.'], ['Abcd'], ['ab_cd'], [''], [null], [5]])(
    'refuses the name %j',
    async (name) => {
      expect(await generate(createRig(), { name })).toEqual({
        success: false,
        error: expect.any(String),
        errorCode: 'INVALID_PARAMS',
      });
    },
  );

  it('refuses a name that is taken', async () => {
    const rig = createRig();
    await generate(rig, { name: 'carol' });
    expect(await generate(rig, { name: 'carol' })).toMatchObject({ errorCode: 'INVALID_PARAMS' });
  });

  it.each([[t0 + 10 * year], [t0 - 60_000], [t0 + 1]])('takes the end %d', async (expiresAt) => {
    expect(await generate(createRig(), { expiresAt })).toMatchObject({ success: true, result: { expiresAt } });
  });

  it('takes a fraction of a millisecond whole', async () => {
    expect(await generate(createRig(), { expiresAt: t0 + 0.5 })).toMatchObject({ result: { expiresAt: t0 + 1 } });
  });

  it.each([[t0 + 10 * year + 1], [t0 - 60_001], [0], [null], ['2030'], [{}]])(
    'refuses the end %j',
    async (expiresAt) => {
      expect(await generate(createRig(), { expiresAt })).toMatchObject({ errorCode: 'INVALID_PARAMS' });
    },
  );

  it('makes a dead credential of an end in the past', async () => {
    const rig = createRig();
    const { result } = await generate(rig, { name: 'carol', expiresAt: t0 - 1 });
    expect(result.expiresAt).toBe(t0 - 1);
    expect(await rig.views.credentials.find('carol')).toMatchObject({ lifetime: 'sliding' });
    const headers = { 'x-name': 'carol', 'x-timestamp': `${t0}`, 'x-nonce': rig.newNonce(), 'x-signature': 'AAAA' };
    expect(await rig.one({ method: 'poll' }, headers)).toMatchObject({ errorCode: 'INVALID_CREDENTIALS' });
  });

  it('asks the limiter first, then looks at the name, then at the end, then whether there is room', async () => {
    const refusing = createRig({ overrides: () => ({ admitCredential: async () => false }) });
    expect(await generate(refusing, { name: 'no', expiresAt: 0 })).toMatchObject({ errorCode: 'RATE_LIMIT_EXCEEDED' });
    const full = createRig({ maxCredentials: 1 });
    await generate(full, { name: 'carol' });
    expect(await generate(full, { name: 'no', expiresAt: null })).toMatchObject({
      error: expect.stringContaining('name'),
    });
    expect(await generate(full, { name: 'dave', expiresAt: null })).toMatchObject({
      error: expect.stringContaining('expiresAt'),
    });
    expect(await generate(full, { name: 'dave' })).toMatchObject({ errorCode: 'STORAGE_FULL' });
  });
});

describe('a verified call', () => {
  it('moves the end of its credential to a year from now, be it nearer or farther', async () => {
    for (const expiresAt of [t0 + 2 * day, t0 + 9 * year]) {
      const rig = createRig();
      const carol = await credentialClient(rig, 'carol');
      await rig.credentials.renew('carol', expiresAt, context);
      rig.clock.set(t0 + day);
      const { item, headers } = carol.sign('poll', {});
      const { writes } = await rig.post(JSON.stringify([item]), headers);
      expect(await expiryOf(rig, 'carol')).toBe(t0 + day + year);
      expect(writes).toEqual([{ stream: 'credential-carol', revision: 2 }]);
    }
  });

  it('moves it also when its method fails, and not when it is not verified', async () => {
    const rig = createRig();
    const carol = await credentialClient(rig, 'carol');
    rig.clock.set(t0 + 2 * day);
    const { item, headers } = carol.sign('poll', {}, { text: '{"a":1}' });
    await rig.one(item, headers);
    expect(await expiryOf(rig, 'carol')).toBe(t0 + year);
    await carol.call('poll', { since: -1 });
    expect(await expiryOf(rig, 'carol')).toBe(t0 + 2 * day + year);
  });

  it('writes nothing for less than a day', async () => {
    const rig = createRig();
    const carol = await credentialClient(rig, 'carol');
    const before = await rig.log.head();
    rig.clock.set(t0 + day);
    await carol.call('poll', {});
    expect(await rig.log.head()).toBe(before);
    rig.clock.set(t0 + day + 1);
    await carol.call('poll', {});
    expect(await expiryOf(rig, 'carol')).toBe(t0 + day + 1 + year);
  });

  it('leaves alone a credential that ends when it was said to', async () => {
    const rig = createRig();
    await rig.credentials.issue({ name: 'fixed', expiresAt: t0 + day, lifetime: 'fixed' }, context);
    const secret = (await rig.views.credentials.find('fixed'))?.sealedSecret ?? '';
    const nonce = rig.newNonce();
    const signature = createHmac('sha256', Buffer.from(secret, 'hex'))
      .update(`${t0}:${nonce}:poll:{}`)
      .digest('base64');
    const headers = { 'x-name': 'fixed', 'x-timestamp': `${t0}`, 'x-nonce': nonce, 'x-signature': signature };
    const { results, writes } = await rig.post('[{"method":"poll"}]', headers);
    expect(results).toMatchObject([{ success: true }]);
    expect(writes).toEqual([]);
    expect(await expiryOf(rig, 'fixed')).toBe(t0 + day);
  });

  it('goes well when the end can’t be moved, and that is reported', async () => {
    const fault = new Error('away');
    const failing = [
      { renew: () => Promise.reject(fault), reported: fault },
      {
        renew: async () => ({ kind: 'refused', refusal: { code: 'contended' } }) as const,
        reported: new Error('A credential could not be renewed: contended.'),
      },
    ];
    for (const { renew, reported } of failing) {
      const rig = createRig({ overrides: ({ credentials }) => ({ credentials: { ...credentials, renew } }) });
      const carol = await credentialClient(rig, 'carol');
      rig.clock.set(t0 + 2 * day);
      expect(await carol.call('poll', {})).toMatchObject({ success: true });
      expect(rig.faults).toEqual([reported]);
    }
  });
});

const context = {
  metadata: { actor: 'carol', correlationId: 'r', causationId: 'r', trace: null, authorisation: null },
  commandId: null,
};
