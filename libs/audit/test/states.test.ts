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
  return { rig, states: createStates(rig) };
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
    const shown = await createStates(rig).credential('carol', null);
    expect(shown).toMatchObject({ revision: 1, state: { status: 'active', lifetime: 'fixed', previous: {} } });
    expect(JSON.stringify(shown)).not.toContain('sealed');
  });
});
