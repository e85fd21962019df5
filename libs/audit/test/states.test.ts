import { answered, answeredAt, candidatesAdded, issued, offered, rotated, t0, withdrawn } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { createStates, stateHash } from '../src/index.ts';
import { aLog } from './rig.ts';

const aCall = async () => {
  const rig = aLog();
  await rig.session('s1', [offered()]);
  rig.time.now = answeredAt;
  await rig.session('s1', [answered(), candidatesAdded()]);
  rig.time.now = t0 + 2_000;
  await rig.session('s1', [withdrawn()]);
  return { rig, states: createStates({ ...rig, now: () => rig.time.now }) };
};

describe('the state of a session at a moment', () => {
  it('is that of each revision', async () => {
    const { states } = await aCall();
    const at = async (revision: number) => states.session('s1', { revision });
    expect(await at(0)).toMatchObject({ revision: 0, position: 1, state: { status: 'open', publisher: 'alice' } });
    expect(await at(1)).toMatchObject({ revision: 1, state: { status: 'answered', answering: { count: 0 } } });
    expect(await at(2)).toMatchObject({ revision: 2, state: { status: 'answered', answering: { count: 1 } } });
    expect(await at(3)).toMatchObject({ revision: 3, state: { status: 'ended', how: 'withdrawn' } });
    expect(await at(99)).toEqual(await at(3));
    expect(await states.session('s1', null)).toEqual(await at(3));
  });

  it('is that of each time, to the millisecond', async () => {
    const { states } = await aCall();
    const at = async (time: number) => (await states.session('s1', { at: time }))?.revision;
    expect(await at(t0 - 1)).toBeUndefined();
    expect(await at(t0)).toBe(0);
    expect(await at(answeredAt - 1)).toBe(0);
    expect(await at(answeredAt)).toBe(2);
    expect(await at(t0 + 1_999)).toBe(2);
    expect(await at(t0 + 2_000)).toBe(3);
  });

  it('has a hash that anyone can make of the state as it is shown', async () => {
    const { states } = await aCall();
    const shown = await states.session('s1', null);
    expect(shown?.stateHash).toBe(stateHash(JSON.parse(JSON.stringify(shown?.state))));
    expect(shown?.stateHash).toMatch(/^[0-9a-f]{64}$/);
    expect((await states.session('s1', { revision: 2 }))?.stateHash).not.toBe(shown?.stateHash);
  });

  it('is not known before the redaction once the key is gone, and is redacted after it', async () => {
    const { rig, states } = await aCall();
    await rig.destroy('s1');
    await rig.session('s1', [
      { type: 'SessionRedacted', data: { reason: 'retention', policy: '7 days', redactedAt: t0 + 9_000 } },
    ]);
    expect(await states.session('s1', { revision: 2 })).toMatchObject({ state: { status: 'unreadable' } });
    expect(await states.session('s1', null)).toMatchObject({ state: { status: 'ended', how: 'redacted' } });
  });
});

describe('the state of a credential', () => {
  it('is shown without its secrets', async () => {
    const rig = aLog();
    await rig.credential('carol', [issued(), rotated()]);
    const shown = await createStates({ ...rig, now: () => rig.time.now }).credential('carol', null);
    expect(shown).toMatchObject({ revision: 1, state: { status: 'active', lifetime: 'fixed', previous: {} } });
    expect(JSON.stringify(shown)).not.toContain('sealed');
  });
});

describe('what had fallen due at a moment', () => {
  it('is overdue from its due time until the log says that it ended, to the millisecond', async () => {
    const rig = aLog();
    const states = createStates({ ...rig, now: () => rig.time.now });
    const expiresAt = t0 + 30_000;
    await rig.session('s1', [offered({ expiresAt })]);
    rig.time.now = expiresAt + 900;
    const seen = async (moment: Parameters<typeof states.session>[1]) => {
      const { state, dueAt, overdue } = (await states.session('s1', moment)) ?? {};
      return [(state as { readonly status: string }).status, dueAt, overdue];
    };
    expect(await seen(null)).toEqual(['open', expiresAt, true]);
    await rig.session('s1', [
      { type: 'SessionExpired', data: { dueAt: expiresAt, was: 'open', expiredAt: rig.time.now } },
    ]);
    expect(await seen({ at: expiresAt - 1 })).toEqual(['open', expiresAt, false]);
    expect(await seen({ at: expiresAt })).toEqual(['open', expiresAt, true]);
    expect(await seen({ at: expiresAt + 899 })).toEqual(['open', expiresAt, true]);
    expect(await seen({ at: expiresAt + 900 })).toEqual(['ended', null, false]);
    expect(await seen({ revision: 0 })).toEqual(['open', expiresAt, false]);
    expect(await seen(null)).toEqual(['ended', null, false]);
  });

  it('holds for credentials, and is not known of what cannot be read', async () => {
    const rig = aLog();
    const states = createStates({ ...rig, now: () => rig.time.now });
    await rig.credential('carol', [issued()]);
    const { dueAt } = (await states.credential('carol', null)) ?? {};
    expect(dueAt).toBeGreaterThan(t0);
    expect(await states.credential('carol', { at: (dueAt as number) - 1 })).toMatchObject({ overdue: false });
    expect(await states.credential('carol', { at: dueAt as number })).toMatchObject({ overdue: true });
    await rig.session('s1', [offered()]);
    await rig.destroy('s1');
    expect(await states.session('s1', { at: t0 + 1e9 })).toMatchObject({ dueAt: null, overdue: false });
  });
});
