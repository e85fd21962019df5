import {
  answered,
  candidatesAdded,
  candidatesHeld,
  credentialExpired,
  credentialRedacted,
  expired,
  issued,
  offered,
  redacted,
  renewed,
  retagged,
  revoked,
  rotated,
  withdrawn,
} from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import * as projections from '../src/projections/index.ts';

const typesOf = (...events: readonly { readonly type: string }[]) => events.map((event) => event.type).toSorted();
const types: Record<string, readonly string[]> = {
  session: typesOf(
    offered(),
    retagged(),
    answered(),
    candidatesAdded(),
    candidatesHeld(),
    withdrawn(),
    expired(),
    redacted(),
  ),
  credential: typesOf(issued(), rotated(), renewed(), revoked(), credentialExpired(), credentialRedacted()),
};

describe('the projections', () => {
  it.each(Object.values(projections))(
    '$name handles or ignores each event type of its category',
    ({ category, on }) => {
      expect(Object.keys(on).toSorted()).toEqual(types[category]);
    },
  );

  it('have names of their own, for their views to be told apart', () => {
    const names = Object.values(projections).map((projection) => projection.name);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toMatch(/^[a-z-]+@\d+$/);
  });
});
