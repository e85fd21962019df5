import type { RecordedEvent } from '@signalbox/event-sourcing';
import {
  answered,
  candidatesAdded,
  expired,
  issued,
  offered,
  revoked,
  seededChance,
  t0,
  withdrawn,
} from '@signalbox/testing';
import { beforeAll, describe, expect, it } from 'vitest';
import { createEventReader, createReplay, pagesOf, replay } from '../src/index.ts';
import { aLog, type Rig } from './rig.ts';

let rig: Rig;

beforeAll(async () => {
  rig = aLog();
  for (let i = 0; i < 60; i++) {
    rig.time.now = t0 + i * 100;
    await rig.session(`s${i}`, [offered({ publisher: `p${i % 7}`, tags: [`t${i}`] })]);
    await rig.operation([{ type: 'AdminActed', data: { action: `a${i}`, target: null, actedAt: rig.time.now } }]);
    if (i % 2 === 0) await rig.session(`s${i}`, [answered(), candidatesAdded()]);
    if (i % 3 === 0) await rig.session(`s${i}`, [withdrawn()]);
    if (i % 5 === 4) await rig.session(`s${i}`, [expired()]);
    if (i % 10 === 0) await rig.credential(`c${i}`, [issued()]);
    if (i % 20 === 0) await rig.credential(`c${i}`, [revoked()]);
  }
});

describe('replaying the log', () => {
  it('counts what has become of everything', async () => {
    const { counts, ...told } = await replay({ pages: pagesOf(rig.log), read: rig.read, until: null });
    expect(counts).toMatchObject({
      'credential/active': 3,
      'credential/revoked': 3,
      operations: 1,
      'session/withdrawn': 20,
    });
    const all = await rig.log.readAll(0, 10_000);
    expect(told).toEqual({
      ...{ position: all.length, at: rig.time.now, events: all.length, unreadable: 0, streams: 67 },
      stateHash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
  });

  it('gives the same bytes a hundred times, wherever pages end and whichever streams and processes start first', async () => {
    const until = { at: t0 + 4_000 };
    const wanted = await replay({ pages: pagesOf(rig.log), read: rig.read, until });
    const all = (await rig.log.readAll(0, 10_000)).filter(({ recordedAt }) => recordedAt <= until.at);
    expect(wanted.events).toBe(all.length);
    const chance = seededChance(7);
    const below = (count: number) => Math.floor(chance.fraction() * count);
    const hashes = new Set<string>();
    for (let run = 0; run < 100; run++) {
      // A reader of its own each time, as in another process.
      const read = createEventReader(rig.vault.fresh.open);
      if (run % 4 === 0) {
        const again = await replay({ pages: pagesOf(rig.log, 1 + below(40)), read, until });
        expect(again).toEqual(wanted);
        continue;
      }
      const folding = createReplay(read);
      const lanes = shuffled([...Map.groupBy(all, ({ stream }) => stream).values()], below);
      // Several lanes are read side by side, each from its start, and go back a little now and then.
      while (lanes.length > 0) {
        const lane = lanes[below(Math.min(lanes.length, 5))] as RecordedEvent[];
        const page = lane.slice(0, 1 + below(3));
        await folding.add(page);
        if (below(5) > 0) lane.splice(0, page.length);
        if (lane.length === 0) lanes.splice(lanes.indexOf(lane), 1);
      }
      expect(folding.result()).toEqual(wanted);
      hashes.add(folding.result().stateHash);
    }
    expect([...hashes]).toEqual([wanted.stateHash]);
  });

  it('tells any two moments apart, and ends exactly at the one that was asked for', async () => {
    const hashes = new Set<string>();
    const head = await rig.log.head();
    for (let position = 0; position <= head; position++) {
      const { stateHash, position: reached } = await replay({
        pages: pagesOf(rig.log),
        read: rig.read,
        until: { position },
      });
      expect(reached).toBe(position);
      hashes.add(stateHash);
    }
    expect(hashes.size).toBe(head + 1);
  });

  it('goes on where a key was destroyed, and says how much could not be read', async () => {
    const own = aLog();
    await own.session('s1', [offered(), answered()]);
    await own.session('s2', [offered()]);
    await own.destroy('s1');
    const { counts, unreadable } = await replay({ pages: pagesOf(own.log), read: own.read, until: null });
    expect({ counts, unreadable }).toEqual({ counts: { 'session/open': 1, 'session/unreadable': 1 }, unreadable: 2 });
  });

  it('hands on what happened, in order, each event once', async () => {
    const seen: number[] = [];
    await replay({
      ...{ pages: pagesOf(rig.log, 7), read: rig.read, until: { position: 50 } },
      onPage: (events) => void seen.push(...events.map(({ recorded }) => recorded.position)),
    });
    expect(seen).toEqual(Array.from({ length: 50 }, (_, i) => i + 1));
  });
});

const shuffled = <T>(items: readonly (readonly T[])[], below: (count: number) => number): T[][] => {
  const rest = items.map((item) => [...item]);
  return Array.from({ length: rest.length }, () => rest.splice(below(rest.length), 1)[0] as T[]);
};
