import { bindProjection } from '@signalbox/event-sourcing';
import { memoryDiscovery } from '@signalbox/memory';
import { discovery } from '@signalbox/read-models/projections';
import {
  answered,
  offered,
  offerTtlMs,
  retagged,
  scanningHistory,
  seededChance,
  t0,
  withdrawn,
} from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { createDiscoveryAt } from '../src/index.ts';
import { aLog, type Rig } from './rig.ts';

const never = new AbortController().signal;
const noFilter = { tags: [], service: null, except: null };

const discoveryOf = ({ log, read }: Rig) =>
  createDiscoveryAt({ log, read, history: scanningHistory(log), offerMaxTtlMs: offerTtlMs });

describe('discovery at a moment', () => {
  it('shows what a query would have shown then, at every moment of a busy time', async () => {
    const rig = aLog();
    const chance = seededChance(3);
    const below = (count: number) => Math.floor(chance.fraction() * count);
    const live = memoryDiscovery({ chance });
    const bound = bindProjection(discovery, live, async () => []);
    const shown: { at: number; tag: string; sessionIds: readonly string[] }[] = [];
    let applied = 0;
    let made = 0;
    for (let step = 0; step < 300; step++) {
      const publishedAt = rig.time.now;
      const which = `s${below(made)}`;
      const what = made === 0 ? 0 : below(12);
      if (what < 4) {
        const expiresAt = publishedAt + 1 + below(offerTtlMs);
        const tags = [`t${below(3)}`, 'all'];
        await rig.session(`s${made++}`, [offered({ publishedAt, expiresAt, tags })]);
      } else if (what < 6) await rig.session(which, [retagged({ tags: [`t${below(3)}`] })]);
      else if (what < 8) await rig.session(which, [below(2) === 0 ? answered() : withdrawn()]);
      const events = await rig.log.readAll(applied, 100);
      applied = events.at(-1)?.position ?? applied;
      await bound.apply((await rig.codec.only.session.decode(events, 'skip')) as never, applied);
      const tag = `t${below(3)}`;
      const filter = { ...noFilter, tags: [tag] };
      const page = await live.page(filter, { before: null, skip: 0, limit: 1_000, now: rig.time.now });
      shown.push({ at: rig.time.now, tag, sessionIds: page.map(({ sessionId }) => sessionId) });
      rig.time.now += 1 + below(2_000);
    }
    expect(made).toBeGreaterThan(50);
    expect(shown.some(({ sessionIds }) => sessionIds.length > 3)).toBe(true);
    const discoveryAt = discoveryOf(rig);
    for (const { at, tag, sessionIds } of shown) {
      const then = await discoveryAt(at, { ...noFilter, tags: [tag] }, 1_000, never);
      expect([at, then.sessions.map(({ sessionId }) => sessionId)]).toEqual([at, sessionIds]);
      expect(then.unreadable).toBe(0);
    }
  });

  it('has a hash of all that matched, and says what can no longer be read', async () => {
    const rig = aLog();
    for (const id of ['s1', 's2', 's3']) await rig.session(id, [offered()]);
    const discoveryAt = discoveryOf(rig);
    const all = await discoveryAt(t0, noFilter, 10, never);
    expect(all).toMatchObject({ at: t0, position: 3, unreadable: 0 });
    expect(all.sessions.map(({ sessionId }) => sessionId)).toEqual(['s3', 's2', 's1']);
    const one = await discoveryAt(t0, noFilter, 1, never);
    expect(one.sessions).toEqual(all.sessions.slice(0, 1));
    expect(one.stateHash).toBe(all.stateHash);
    expect((await discoveryAt(t0 - 1, noFilter, 10, never)).sessions).toEqual([]);
    expect((await discoveryAt(t0 + offerTtlMs, noFilter, 10, never)).sessions).toEqual([]);
    await rig.destroy('s2');
    expect(await discoveryAt(t0, noFilter, 10, never)).toMatchObject({ unreadable: 1, sessions: [{}, {}] });
  });

  it('gives up when nobody waits any more', async () => {
    const gone = new AbortController();
    gone.abort();
    await expect(discoveryOf(aLog())(t0, noFilter, 1, gone.signal)).rejects.toThrow();
  });
});
