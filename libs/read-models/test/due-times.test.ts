import {
  answered,
  answeredAt,
  answeredTtlMs,
  candidatesAdded,
  candidatesHeld,
  credentialExpired,
  credentialTtlMs,
  expired,
  issued,
  offered,
  offerTtlMs,
  renewed,
  renewedAt,
  retagged,
  revoked,
  rotated,
  t0,
  withdrawn,
} from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { credentialDueTimes, sessionDueTimes } from '../src/projections/index.ts';
import { fold } from './fold.ts';

describe('the due times of sessions', () => {
  it('follow the offer, then the answer, and nothing else', () => {
    const offer = { kind: 'session', id: 'one', dueAt: t0 + offerTtlMs };
    expect(fold(sessionDueTimes, offered(), retagged(), candidatesAdded(), candidatesHeld()).row).toEqual(offer);
    const answer = { kind: 'session', id: 'one', dueAt: answeredAt + answeredTtlMs };
    expect(fold(sessionDueTimes, offered(), answered(), candidatesAdded()).row).toEqual(answer);
  });

  it('are settled by the end', () => {
    expect(fold(sessionDueTimes, offered(), withdrawn()).row).toBeUndefined();
    expect(fold(sessionDueTimes, offered(), answered(), expired()).row).toBeUndefined();
    expect(fold(sessionDueTimes, answered()).row).toBeUndefined();
  });
});

describe('the due times of credentials', () => {
  it('follow the issue, then the renewal, and nothing else', () => {
    const issue = { kind: 'credential', id: 'one', dueAt: t0 + credentialTtlMs };
    expect(fold(credentialDueTimes, issued(), rotated()).row).toEqual(issue);
    const renewal = { kind: 'credential', id: 'one', dueAt: renewedAt + credentialTtlMs };
    expect(fold(credentialDueTimes, issued(), renewed()).row).toEqual(renewal);
  });

  it('are settled by the end', () => {
    expect(fold(credentialDueTimes, issued(), revoked()).row).toBeUndefined();
    expect(fold(credentialDueTimes, issued(), credentialExpired()).row).toBeUndefined();
    expect(fold(credentialDueTimes, renewed()).row).toBeUndefined();
  });
});
