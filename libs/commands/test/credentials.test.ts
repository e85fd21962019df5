import { settle, t0 } from '@signalbox/testing';
import { beforeEach, describe, expect, it } from 'vitest';
import type { CommandContext } from '../src/index.ts';
import { createRig, once, type Rig, retryable } from './rig.ts';

let rig: Rig;
beforeEach(() => {
  rig = createRig();
});

const DAY = 86_400_000;
const ends = t0 + DAY;
const refusedWith = (refusal: object) => ({ kind: 'refused', refusal });
const done = (value: unknown, name: string, revision: number, changed = true) => ({
  ...{ kind: 'done', value, changed },
  writes: [{ stream: `credential-${name}`, revision }],
});
const issue = (name: string | null, context: CommandContext = once, lifetime: 'fixed' | 'sliding' = 'fixed') =>
  rig.credentials.issue({ name, expiresAt: ends, lifetime }, context);

describe('issuing', () => {
  it('gives a secret, and records it sealed', async () => {
    const value = { name: 'alice', secret: 'secret-1', createdAt: t0, expiresAt: ends };
    expect(await issue('alice')).toStrictEqual(done(value, 'alice', 0));
    expect(await rig.recorded()).toStrictEqual([
      {
        ...{ stream: 'credential-alice', type: 'CredentialIssued' },
        data: { sealedSecret: 'alice:1-terces', issuedAt: t0, expiresAt: ends, lifetime: 'fixed' },
      },
    ]);
    expect(Buffer.from(rig.log.all[0]?.data ?? '').toString()).not.toContain('secret-1');
  });

  it('makes a name when none is wanted', async () => {
    const [first, second] = [await issue(null), await issue(null)];
    if (first.kind === 'refused' || second.kind === 'refused') throw new Error('Refused.');
    expect(first.value.name).toMatch(/^name-made-/);
    expect(second.value.name).not.toBe(first.value.name);
  });

  it('is refused for a name that was ever given', async () => {
    await issue('alice');
    expect(await issue('alice')).toStrictEqual(refusedWith({ code: 'credential_name_taken' }));
    await rig.credentials.revoke('alice', 'alice', once);
    expect(await issue('alice')).toStrictEqual(refusedWith({ code: 'credential_name_taken' }));
    expect(await rig.recorded()).toHaveLength(2);
  });

  it('is refused while as many live as may, and nothing is written', async () => {
    rig.setLiveCredentials(1);
    expect(await issue('alice')).toMatchObject({ kind: 'done' });
    rig.setLiveCredentials(2);
    expect(await issue('bob')).toStrictEqual(refusedWith({ code: 'storage_full', limit: 2 }));
    expect(await rig.recorded()).toHaveLength(1);
  });

  it.each([
    ['a name that was wanted', 'alice', 'alice'],
    ['a name that was made', null, 'name-of-key'],
  ])('retried gives the first answer, with %s', async (_, wanted, name) => {
    const value = { name, secret: 'secret-1', createdAt: t0, expiresAt: ends };
    expect(await issue(wanted, retryable('key'))).toStrictEqual(done(value, name, 0));
    await rig.clock.advance(1_000);
    expect(await issue(wanted, retryable('key'))).toStrictEqual(done(value, name, 0, false));
    rig.setLiveCredentials(2);
    expect(await issue(wanted, retryable('key')), 'also when there is no room any more').toStrictEqual(
      done(value, name, 0, false),
    );
    await rig.credentials.rotate(name, 0, once);
    expect(await issue(wanted, retryable('key')), 'also after a rotation').toStrictEqual(done(value, name, 0, false));
    expect(await rig.recorded()).toHaveLength(2);
  });
});

describe('rotating', () => {
  it('gives a new secret beside the old one, for as long as it says', async () => {
    await issue('alice');
    await rig.clock.advance(1_000);
    const value = { name: 'alice', secret: 'secret-2', previousValidUntil: t0 + 6_000, expiresAt: ends };
    expect(await rig.credentials.rotate('alice', 5_000, once)).toStrictEqual(done(value, 'alice', 1));
    expect((await rig.recorded())[1]).toStrictEqual({
      ...{ stream: 'credential-alice', type: 'CredentialRotated' },
      data: { sealedSecret: 'alice:2-terces', rotatedAt: t0 + 1_000, previousValidUntil: t0 + 6_000 },
    });
  });

  it('retried rotates once and gives the first answer, also after another rotation and after the end', async () => {
    await issue('alice');
    const value = { name: 'alice', secret: 'secret-2', previousValidUntil: t0 + 5_000, expiresAt: ends };
    expect(await rig.credentials.rotate('alice', 5_000, retryable('key'))).toStrictEqual(done(value, 'alice', 1));
    const first = done(value, 'alice', 1, false);
    expect(await rig.credentials.rotate('alice', 5_000, retryable('key'))).toStrictEqual(first);
    await rig.credentials.rotate('alice', 5_000, once);
    await rig.clock.advance(DAY);
    await rig.credentials.expire('alice', once);
    expect(await rig.credentials.rotate('alice', 5_000, retryable('key'))).toStrictEqual(first);
    expect((await rig.recorded()).map(({ type }) => type)).toEqual([
      ...['CredentialIssued', 'CredentialRotated', 'CredentialRotated', 'CredentialExpired'],
    ]);
  });

  it('is refused where there is none, and after the end, whether or not that is recorded', async () => {
    expect(await rig.credentials.rotate('nobody', 0, once)).toStrictEqual(
      refusedWith({ code: 'credential_not_found' }),
    );
    await issue('alice');
    await rig.clock.advance(DAY);
    const ended = refusedWith({ code: 'credential_ended', how: 'expired', endedAt: ends });
    expect(await rig.credentials.rotate('alice', 0, once)).toStrictEqual(ended);
    await rig.credentials.expire('alice', once);
    expect(await rig.credentials.rotate('alice', 0, once)).toStrictEqual(ended);
  });
});

describe('revoking', () => {
  it('ends it for ever, and twice is once', async () => {
    await issue('alice');
    expect(await rig.credentials.revoke('alice', 'admin:x', once)).toStrictEqual(done(null, 'alice', 1));
    expect(await rig.credentials.revoke('alice', 'alice', once)).toStrictEqual(done(null, 'alice', 1, false));
    expect((await rig.recorded())[1]).toStrictEqual({
      ...{ stream: 'credential-alice', type: 'CredentialRevoked', data: { revokedAt: t0, by: 'admin:x' } },
    });
    const ended = refusedWith({ code: 'credential_ended', how: 'revoked', endedAt: t0 });
    expect(await rig.credentials.rotate('alice', 0, once)).toStrictEqual(ended);
    expect(await rig.credentials.renew('alice', ends, once)).toStrictEqual(ended);
  });

  it('is refused where there is none, and after it has expired', async () => {
    expect(await rig.credentials.revoke('nobody', 'x', once)).toStrictEqual(
      refusedWith({ code: 'credential_not_found' }),
    );
    await issue('alice');
    await rig.clock.advance(DAY);
    expect(await rig.credentials.revoke('alice', 'x', once)).toStrictEqual(
      refusedWith({ code: 'credential_ended', how: 'expired', endedAt: ends }),
    );
  });
});

describe('renewing', () => {
  it('moves the end of a sliding lifetime, and leaves a fixed one', async () => {
    await issue('alice', once, 'sliding');
    await issue('bob');
    expect(await rig.credentials.renew('alice', ends + 5, once)).toStrictEqual(done(null, 'alice', 1));
    expect(await rig.credentials.renew('alice', ends + 5, once)).toStrictEqual(done(null, 'alice', 1, false));
    expect(await rig.credentials.renew('bob', ends + 5, once)).toStrictEqual(done(null, 'bob', 0, false));
    expect((await rig.recorded())[2]).toStrictEqual({
      ...{ stream: 'credential-alice', type: 'CredentialRenewed', data: { renewedAt: t0, expiresAt: ends + 5 } },
    });
    expect(await rig.credentials.renew('nobody', ends, once)).toStrictEqual(
      refusedWith({ code: 'credential_not_found' }),
    );
  });
});

describe('expiring', () => {
  it('ends what is due and tells how late; what is not due, gone or not there it leaves', async () => {
    await issue('alice');
    const nothing = { lateMs: null };
    await rig.clock.advance(DAY - 1);
    expect(await rig.credentials.expire('alice', once)).toStrictEqual(done(nothing, 'alice', 0, false));
    await rig.clock.advance(41);
    expect(await rig.credentials.expire('alice', once)).toStrictEqual(done({ lateMs: 40 }, 'alice', 1));
    expect(await rig.credentials.expire('alice', once)).toStrictEqual(done(nothing, 'alice', 1, false));
    expect(await rig.credentials.expire('nobody', once)).toStrictEqual(done(nothing, 'nobody', -1, false));
    expect((await rig.recorded())[1]).toStrictEqual({
      ...{ stream: 'credential-alice', type: 'CredentialExpired', data: { dueAt: ends, expiredAt: ends + 40 } },
    });
  });
});

describe('every command', () => {
  type Command = readonly [string, () => Promise<{ readonly kind: string }>];
  const commands: readonly Command[] = [
    ['issue', () => issue('bob')],
    ['rotate', () => rig.credentials.rotate('alice', 0, once)],
    ['revoke', () => rig.credentials.revoke('alice', 'alice', once)],
    ['renew', () => rig.credentials.renew('alice', ends + 1, once)],
    [
      'expire',
      () => {
        rig.clock.set(ends);
        return rig.credentials.expire('alice', once);
      },
    ],
  ];

  it.each(commands)('%s is done when the read models show what it wrote, and not before', async (_, run) => {
    await issue('alice', once, 'sliding');
    const letThemShow = rig.holdReadModels();
    let isDone = false;
    const result = run().finally(() => {
      isDone = true;
    });
    await settle();
    expect([isDone, rig.log.all.length, rig.settledUpTo.at(-1)]).toEqual([false, 2, 2]);
    letThemShow();
    expect((await result).kind).toBe('done');
  });

  it.each(commands)('%s is refused as contended when others keep winning', async (_, run) => {
    await issue('alice', once, 'sliding');
    rig.log.loseRaces(Number.POSITIVE_INFINITY);
    expect(await run()).toStrictEqual(refusedWith({ code: 'contended' }));
    expect(rig.log.all).toHaveLength(1);
  });
});
