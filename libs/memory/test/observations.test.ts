import { observationsContract } from '@signalbox/conformance';
import { expect, it } from 'vitest';
import { memoryObservations } from '../src/observations.ts';

observationsContract('memory', async (bounds) => {
  const observations = memoryObservations(bounds);
  return { noticing: observations, recording: observations, flushed: async () => undefined };
});

it('keeps what was shown, whatever ids others make up to be refused with', async () => {
  const { note, take } = memoryObservations({ maxSessions: 10 });
  note({ kind: 'discovered', sessionId: 'real', at: 1 });
  for (let i = 0; i < 100; i++) {
    const made = { sessionId: `made-up-${i}`, code: 'AUTH_REQUIRED', identity: null, detail: 'missing', at: 2 + i };
    note({ kind: 'refused', operation: 'read', ...made });
  }
  const { sessions, dropped } = await take(100, 200);
  expect(sessions.map(({ sessionId }) => sessionId)).toContain('real');
  expect(dropped).toEqual({ sessions: 101 - sessions.length, since: expect.any(Number) });
  expect(dropped?.since).toBeLessThan(20);
});

it('names a few of those who were refused in the same way, so that many hide nobody who was refused in another', async () => {
  const { note, take } = memoryObservations();
  const refused = (operation: 'withdraw' | 'answer', code: string, identity: string) =>
    note({ kind: 'refused', sessionId: 'one', operation, code, identity, detail: null, at: 1 });
  for (let i = 0; i < 40; i++) refused('withdraw', 'NOT_AUTHORIZED', `stranger-${i}`);
  refused('answer', 'INVALID_SDP', 'bob');
  const { sessions } = await take(10, 2);
  expect(sessions[0]?.refusals.map(({ operation, identity }) => [operation, identity])).toEqual([
    ...['stranger-0', 'stranger-1', 'stranger-2', null].map((identity) => ['withdraw', identity]),
    ['answer', 'bob'],
  ]);
});
