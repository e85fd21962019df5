import { type CredentialCommand, credential } from '@signalbox/domain';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { carriedOut } from '../history.ts';

/** Few secrets and moments, so that commands meet; clocks jump forth and back. */
const now = fc.integer({ min: 0, max: 300 });
const sealedSecret = fc.constantFrom('sealed-1', 'sealed-2', 'sealed-3');
const lifeMs = fc.integer({ min: 1, max: 600 });

const issue = fc
  .record({ sealedSecret, lifeMs, lifetime: fc.constantFrom('fixed' as const, 'sliding' as const), now })
  .map(
    ({ lifeMs, ...rest }): CredentialCommand => ({ type: 'IssueCredential', ...rest, expiresAt: rest.now + lifeMs }),
  );
const renew = fc
  .record({ lifeMs, now })
  .map(({ lifeMs, now }): CredentialCommand => ({ type: 'RenewCredential', expiresAt: now + lifeMs, now }));

const command: fc.Arbitrary<CredentialCommand> = fc.oneof(
  issue,
  renew,
  fc.record({ type: fc.constant('RotateCredential'), sealedSecret, graceMs: fc.nat({ max: 50 }), now }),
  fc.record({ type: fc.constant('RevokeCredential'), by: fc.constantFrom('alice', 'admin'), now }),
  fc.record({ type: fc.constant('ExpireCredential'), now }),
);
const commands = fc.array(command, { maxLength: 30, size: 'max' });
const life = fc.tuple(issue, commands).map(([first, rest]) => [first, ...rest]);
const history = life.map((made) => carriedOut(credential, made));

describe('whatever is done to a credential, in whatever order and by whatever clock', () => {
  it('is issued once', () => {
    fc.assert(
      fc.property(history, ({ events }) => {
        expect(events.filter(({ type }) => type === 'CredentialIssued')).toEqual([events[0]]);
      }),
    );
  });

  it('ends exactly once, if only its time comes, and nothing is recorded after the end', () => {
    fc.assert(
      fc.property(life, (made) => {
        const { events } = carriedOut(credential, [...made, { type: 'ExpireCredential', now: 10_000 }, ...made]);
        const ends = events.filter(({ type }) => type === 'CredentialRevoked' || type === 'CredentialExpired');
        expect(ends).toEqual([events.at(-1)]);
      }),
    );
  });

  it('changes no more once it is terminal: commands record nothing and no event has an effect', () => {
    fc.assert(
      fc.property(life, commands, (made, later) => {
        const { state, events } = carriedOut(credential, made);
        fc.pre(credential.isTerminal(state));
        for (const one of [...made, ...later]) {
          const decision = credential.decide(one, state);
          expect(decision.kind === 'accepted' ? decision.events : []).toEqual([]);
        }
        for (const event of events) expect(credential.evolve(state, event)).toBe(state);
      }),
    );
  });

  it('expires at its true due time, never before, and takes nothing from that moment on', () => {
    fc.assert(
      fc.property(history, ({ steps }) => {
        for (const { command, decision, before } of steps) {
          if (before.status !== 'active') continue;
          const made = decision.kind === 'accepted' ? decision.events : [];
          if (command.now < before.expiresAt) expect(made.map(({ type }) => type)).not.toContain('CredentialExpired');
          else if (command.type !== 'ExpireCredential') expect(made).toEqual([]);
          else {
            const data = { dueAt: before.expiresAt, expiredAt: command.now };
            expect(made).toEqual([{ type: 'CredentialExpired', data }]);
          }
        }
      }),
    );
  });

  it('moves the expiry of a sliding credential only, and only by renewing', () => {
    fc.assert(
      fc.property(history, ({ steps }) => {
        for (const { command, before, after } of steps) {
          if (before.status !== 'active' || after.status !== 'active' || before.expiresAt === after.expiresAt) continue;
          expect(command.type).toBe('RenewCredential');
          expect(before.lifetime).toBe('sliding');
        }
      }),
    );
  });

  it('folds any events whatever, its own shuffled and those of another among them', () => {
    const anyEvents = fc
      .tuple(history, history)
      .chain(([own, foreign]) => fc.shuffledSubarray([...own.events, ...foreign.events]));
    fc.assert(
      fc.property(anyEvents, (events) => {
        const state = events.reduce(credential.evolve, credential.initial);
        expect(['absent', 'active', 'ended']).toContain(state.status);
      }),
    );
  });
});
