import type { RecordedEvent } from '@signalbox/event-sourcing';
import { describe, expect, it, onTestFinished } from 'vitest';
import {
  ACCEPT_LOG,
  contradictionIn,
  createNotary,
  memoryTileStore,
  type NotaryOptions,
  noteIn,
  openCheckpoint,
  originOf,
  recordsCheckpoint,
  sha256,
  signerKey,
  type TileStore,
  verifyLog,
} from '../src/index.ts';
import { aLog, everything, onePage, origin, recordIn, signer } from './fixtures.ts';

type Log = ReturnType<typeof aLog>;

const start = ({ log, clock }: Log, tiles: TileStore, more: Partial<NotaryOptions> = {}) => {
  const said: string[] = [];
  const notary = createNotary({
    ...{ source: log, tiles, origin, signer, keys: [signer], record: recordIn(log) },
    ...{ now: clock.now, after: clock.after },
    onRebuild: (reason) => said.push(`rebuild: ${reason}`),
    onContradiction: (reason) => said.push(`contradiction: ${reason}`),
    onSettled: (why) => said.push(`settled: ${why}`),
    ...more,
  });
  const stopping = new AbortController();
  const ended = notary.run(stopping.signal, () => said.push('healthy'));
  const stop = () => {
    stopping.abort();
    return ended;
  };
  onTestFinished(() => stop().catch(() => undefined));
  return { notary, said: () => said.filter((one) => one !== 'healthy'), ended, stop };
};

const checkpointsIn = async ({ log }: Log) =>
  (await everything(log))
    .filter(recordsCheckpoint)
    .map((event) => ({ at: event.recordedAt, ...openedIn(event), revision: event.revision }));

const openedIn = (event: RecordedEvent) => {
  const opened = openCheckpoint(noteIn(event) ?? '', [signer]);
  if (typeof opened === 'string') throw new Error(opened);
  return opened;
};

/** A log that has these events, and gets no more. */
const sourceOf = (events: readonly RecordedEvent[]): NotaryOptions['source'] => ({
  async *subscribeAll(after, { signal }) {
    yield { kind: 'events', events: events.filter(({ position }) => position > after) };
    yield { kind: 'caught_up', position: events.length };
    await new Promise((resolve) => signal.addEventListener('abort', resolve));
  },
});

/** A log that has the first so many events of another. */
const beginningOf = async ({ log }: Log, kept: number): Promise<Log> => {
  const short = aLog();
  for (const { stream, revision, position, recordedAt, ...event } of (await everything(log)).slice(0, kept)) {
    await short.log.append(stream, [event], 'any');
  }
  return short;
};

const intact = async ({ log }: Log, tiles: TileStore) =>
  verifyLog(onePage(await everything(log)), { origin, keys: [signer], expected: tiles, gapless: true });

describe('the notary', () => {
  it('signs at most a second after the events, and never because of its own checkpoints', async () => {
    const world = aLog();
    const tiles = memoryTileStore();
    const { notary } = start(world, tiles);
    await world.clock.advance(5_000);
    expect(await checkpointsIn(world)).toEqual([]);
    await world.append('session-a');
    await world.append('session-b');
    const appended = world.clock.now();
    await world.clock.advance(999);
    const [first, ...none] = await checkpointsIn(world);
    expect(none).toEqual([]);
    expect(first).toMatchObject({ size: 2, position: 2 });
    expect((first?.at ?? Infinity) - appended).toBeLessThan(1_000);
    await world.clock.advance(60_000);
    expect(await checkpointsIn(world)).toHaveLength(1);
    await world.append('session-a');
    await world.clock.advance(999);
    expect((await checkpointsIn(world)).map(({ size }) => size)).toEqual([2, 4]);
    expect(notary.status()).toMatchObject({ checkpoint: { size: 4, position: 4 }, behind: 0, size: 5 });
    expect(notary.unhealthy()).toBeNull();
    expect(await intact(world, tiles)).toMatchObject({ intact: true, checkpoints: 2, uncovered: 1 });
  });

  it('goes on from its tiles, and signs nothing again', async () => {
    const world = aLog();
    const tiles = memoryTileStore();
    for (let run = 0; run < 4; run++) {
      const { stop, said } = start(world, tiles);
      await world.clock.advance(2_000);
      const before = await checkpointsIn(world);
      expect(before).toHaveLength(run);
      for (let count = 0; count <= run; count++) await world.append(`session-${count}`);
      await world.clock.advance(2_000);
      expect(said()).toEqual([]);
      await stop();
    }
    expect(await intact(world, tiles)).toMatchObject({ intact: true, checkpoints: 4 });
  });

  it('makes tiles anew that are lost, damaged, or of another log', async () => {
    const world = aLog();
    for (let count = 0; count < 700; count++) await world.append(`session-${count % 50}`);
    const tiles = memoryTileStore();
    const first = start(world, tiles);
    await world.clock.advance(1_000);
    await world.append('session-1');
    await world.clock.advance(1_000);
    await first.stop();
    const size = await tiles.size();

    const other = memoryTileStore();
    const otherLog = aLog();
    for (let count = 0; count < 5; count++) await otherLog.append('session-x');
    const second = start(otherLog, other, { signer: signerKey(origin, sha256('other')) });
    await otherLog.clock.advance(1_000);
    await second.stop();

    const damaged = memoryTileStore();
    await damaged.write(0, [{ level: 0, index: 0, bytes: new Uint8Array(40) }], 300);
    for (const [store, reason] of [
      [memoryTileStore(), /nothing is kept of what was signed last/],
      [other, /other|another log/],
      [damaged, /missing or too short/],
    ] as const) {
      await world.append('session-1');
      const { said, stop, notary } = start(world, store);
      await world.clock.advance(1_000);
      expect(notary.unhealthy()).toBeNull();
      expect(said()[0]).toMatch(reason);
      expect(said().filter((one) => !one.startsWith('rebuild'))).toEqual([]);
      expect(await store.size()).toBeGreaterThan(size);
      expect(await intact(world, store)).toMatchObject({ intact: true });
      await stop();
    }
  });

  it('refuses to sign what contradicts a checkpoint, and says so', async () => {
    const world = aLog();
    const tiles = memoryTileStore();
    for (let count = 0; count < 20; count++) await world.append(`session-${count % 3}`);
    const first = start(world, tiles);
    await world.clock.advance(1_000);
    await first.stop();
    await world.append('session-1');
    const events = await everything(world.log);
    const changed = events.map((event) =>
      event.position === 7 ? { ...event, recordedAt: event.recordedAt - 1 } : event,
    );
    const recorded: unknown[] = [];
    const { notary, said } = start(world, memoryTileStore(), {
      source: sourceOf(changed),
      record: async (checkpoint) => {
        recorded.push(checkpoint);
      },
    });
    await world.clock.advance(10_000);
    expect(recorded).toEqual([]);
    expect(notary.unhealthy()).toContain('position 20');
    expect(said()).toEqual([expect.stringContaining('contradiction')]);
  });

  it('does the same when two are at work, on tiles that they share', async () => {
    const world = aLog();
    const tiles = memoryTileStore();
    const notaries = [start(world, tiles), start(world, tiles)];
    for (let round = 0; round < 30; round++) {
      for (let count = 0; count < 17; count++) await world.append(`session-${count % 5}`);
      await world.clock.advance(round % 3 === 0 ? 50 : 1_000);
      if (round === 15) await tiles.clear();
    }
    await world.clock.advance(5_000);
    for (const { notary, said } of notaries) {
      expect(notary.unhealthy()).toBeNull();
      // They were thrown away under its hands.
      expect(said().length).toBeLessThan(3);
      expect(said().filter((one) => !one.startsWith('rebuild'))).toEqual([]);
    }
    expect(await intact(world, tiles)).toMatchObject({ intact: true });
    const sizes = (await checkpointsIn(world)).map(({ size }) => size);
    expect(sizes.at(-1)).toBeGreaterThan(500);
  });

  it('ends with the fault when a checkpoint cannot be recorded, and signs it in the next run', async () => {
    const world = aLog();
    const tiles = memoryTileStore();
    await world.append('session-a');
    const first = start(world, tiles, { record: () => Promise.reject(new Error('no log')) });
    const failed = expect(first.ended).rejects.toThrow('no log');
    await world.clock.advance(1_000);
    await failed;
    start(world, tiles);
    await world.clock.advance(1_000);
    expect(await checkpointsIn(world)).toMatchObject([{ size: 1 }]);
  });

  describe('of a log that became shorter than what was signed', () => {
    /** Signs twenty events and gives their tiles to a log that has the first so many of them, and then others. */
    const shortened = async (kept: number, more: number) => {
      const world = aLog();
      const tiles = memoryTileStore();
      for (let count = 0; count < 20; count++) await world.append(`session-${count % 3}`);
      const first = start(world, tiles);
      await world.clock.advance(1_000);
      await first.stop();
      const short = await beginningOf(world, kept);
      for (let count = 0; count < more; count++) await short.append(`session-new${count}`);
      return { world, short, tiles };
    };
    const acceptIn = (world: Log) =>
      world.append(
        'operations-day',
        'AdminActed',
        JSON.stringify({ action: ACCEPT_LOG, target: 'restored', actedAt: 1 }),
      );

    it.each([
      ['shorter than what was signed', 15, 0],
      ['shorter than what was signed', 15, 3],
      ['speaks of other events', 15, 9],
      ['speaks of other events', 0, 20],
    ])('says that it is %s (%i left, %i new), and signs no more', async (what, kept, more) => {
      const { short, tiles } = await shortened(kept, more);
      const { notary, said } = start(short, tiles);
      await short.clock.advance(10_000);
      await short.append('session-more');
      await short.clock.advance(10_000);
      expect(await checkpointsIn(short)).toEqual([]);
      expect(notary.unhealthy()).toContain(what);
      expect(notary.status().behind).toBe(kept + more + 1);
      expect(said().filter((one) => one.startsWith('contradiction'))).toHaveLength(1);
      expect(await contradictionIn(tiles, origin)).toEqual({
        ...{ origin, reason: notary.unhealthy(), size: kept + more, since: expect.any(Number) },
      });
      expect(await contradictionIn(tiles, originOf('another log'))).toBeNull();
    });

    it('is not signed by the next process either, nor by one that is at work beside it', async () => {
      const { short, tiles } = await shortened(15, 30);
      const first = start(short, tiles);
      await short.clock.advance(5_000);
      await first.stop();
      const two = [start(short, tiles), start(short, tiles)];
      await short.append('session-more');
      await short.clock.advance(5_000);
      for (const { notary } of two) expect(notary.unhealthy()).toContain('other events');
      expect(await checkpointsIn(short)).toEqual([]);
    });

    it('is signed again when an operator has accepted it, also where the tiles are made anew', async () => {
      const { short, tiles } = await shortened(15, 0);
      const two = [start(short, tiles), start(short, tiles)];
      await short.clock.advance(5_000);
      await short.append('operations-day', 'AdminActed', JSON.stringify({ action: 'rebuild', target: ACCEPT_LOG }));
      await short.append('session-day', 'AdminActed', JSON.stringify({ action: ACCEPT_LOG }));
      await short.clock.advance(5_000);
      for (const { notary } of two) expect(notary.unhealthy()).not.toBeNull();
      await acceptIn(short);
      await short.clock.advance(5_000);
      for (const { notary } of two) expect(notary.unhealthy()).toBeNull();
      expect(await contradictionIn(tiles, origin)).toBeNull();
      expect((await checkpointsIn(short)).at(-1)).toMatchObject({ size: 18 });
      for (const { stop } of two) await stop();

      for (const store of [tiles, memoryTileStore()]) {
        await short.append('session-more');
        const again = start(short, store);
        await short.clock.advance(5_000);
        expect(again.notary.unhealthy()).toBeNull();
        expect(again.said().filter((one) => !one.includes('nothing is kept'))).toEqual([]);
        expect(again.notary.status().behind).toBe(0);
        await again.stop();
      }
      expect(await intact(short, tiles)).toMatchObject({ intact: true });
    });

    it('is accepted once: what contradicts the signatures after that is found again', async () => {
      const { short, tiles } = await shortened(15, 0);
      const first = start(short, tiles);
      await short.clock.advance(5_000);
      await acceptIn(short);
      await short.clock.advance(5_000);
      await first.stop();
      const again = await beginningOf(short, 10);
      const { notary } = start(again, tiles);
      await again.clock.advance(5_000);
      expect(notary.unhealthy()).toContain('shorter');
    });

    it('is not accepted by what was accepted before it was cut', async () => {
      const { short: accepted, tiles } = await shortened(15, 0);
      const first = start(accepted, tiles);
      await accepted.clock.advance(60_000);
      await acceptIn(accepted);
      await accepted.clock.advance(60_000);
      for (let count = 0; count < 20; count++) await accepted.append(`session-after${count}`);
      await accepted.clock.advance(60_000);
      await first.stop();
      const all = await everything(accepted.log);
      expect((await checkpointsIn(accepted)).at(-1)?.size).toBeGreaterThan(30);

      // After it; before it; then, with that open, put back to a later state that is not all either.
      for (const kept of [25, 10, 30]) {
        const { notary, stop } = start(accepted, tiles, { source: sourceOf(all.slice(0, kept)) });
        await accepted.clock.advance(60_000);
        expect([kept, notary.unhealthy()]).toEqual([kept, expect.stringContaining('shorter')]);
        await stop();
      }
      expect(await tiles.recall('signed')).not.toBeNull();
    });

    it('keeps what is open when its tiles are made anew, whatever was accepted before', async () => {
      const { short: accepted, tiles } = await shortened(15, 0);
      const first = start(accepted, tiles);
      await accepted.clock.advance(60_000);
      await acceptIn(accepted);
      for (let count = 0; count < 20; count++) await accepted.append(`session-after${count}`);
      await accepted.clock.advance(60_000);
      await first.stop();
      const cut = await beginningOf(accepted, 30);
      const second = start(cut, tiles);
      await cut.clock.advance(5_000);
      await second.stop();
      const open = await contradictionIn(tiles, origin);
      expect(open).toMatchObject({ size: 30 });
      for (let round = 0; round < 2; round++) {
        await tiles.clear();
        const { notary, said, stop } = start(cut, tiles);
        await cut.clock.advance(5_000);
        expect(notary.unhealthy()).toContain('shorter');
        expect(said().filter((one) => one.startsWith('settled'))).toEqual([]);
        expect(await contradictionIn(tiles, origin)).toEqual(open);
        await stop();
      }
      expect(await checkpointsIn(cut)).toHaveLength((await everything(cut.log)).filter(recordsCheckpoint).length);
      // It is accepted by an event of now.
      const { notary } = start(cut, tiles);
      await cut.clock.advance(5_000);
      await acceptIn(cut);
      await cut.clock.advance(5_000);
      expect(notary.unhealthy()).toBeNull();
    });

    it('is signed again once the right log is there, without anybody', async () => {
      const { world, short, tiles } = await shortened(15, 9);
      const found = start(short, tiles);
      await short.clock.advance(5_000);
      expect(found.notary.unhealthy()).toContain('other events');
      await found.stop();

      await world.append('session-back');
      const two = [start(world, tiles), start(world, tiles)];
      await world.clock.advance(5_000);
      await world.append('session-more');
      await world.clock.advance(5_000);
      for (const { notary, said } of two) {
        expect(notary.unhealthy()).toBeNull();
        expect(said().filter((one) => one.startsWith('settled'))).toHaveLength(1);
      }
      expect(await contradictionIn(tiles, origin)).toBeNull();
      expect((await checkpointsIn(world)).length).toBeGreaterThan(1);
      expect(await intact(world, tiles)).toMatchObject({ intact: true });
      for (const { notary } of two) expect(notary.status().behind).toBe(0);
    });

    it('is looked at as a whole when it is put back, and a notary that kept on running learns of it', async () => {
      const world = aLog();
      const tiles = memoryTileStore();
      for (let count = 0; count < 20; count++) await world.append(`session-${count % 3}`);
      const running = start(world, tiles);
      await world.clock.advance(5_000);
      const changed = (await everything(world.log)).map((event) =>
        event.position === 7 ? { ...event, recordedAt: event.recordedAt - 1 } : event,
      );
      await tiles.clear();
      const wrong = start(world, tiles, { source: sourceOf(changed) });
      await world.clock.advance(5_000);
      await wrong.stop();
      await world.append('session-more');
      await world.clock.advance(5_000);
      expect(running.notary.unhealthy()).toContain('other events');

      const again = start(world, tiles);
      await world.clock.advance(100);
      expect(again.notary.unhealthy()).toBeNull();
      // Before it has signed anything.
      await again.stop();
      const signed = (await checkpointsIn(world)).length;
      await world.append('session-more');
      await world.clock.advance(5_000);
      expect(running.notary.unhealthy()).toBeNull();
      expect(running.notary.status().behind).toBe(0);
      expect(await checkpointsIn(world)).toHaveLength(signed + 1);
      expect(await intact(world, tiles)).toMatchObject({ intact: true });
    });

    it('is accepted without forgetting what another notary has signed since', async () => {
      const { short, tiles } = await shortened(15, 0);
      const late = start(short, tiles);
      await short.clock.advance(5_000);
      await late.stop();
      const other = start(short, tiles);
      await short.clock.advance(5_000);
      await acceptIn(short);
      await short.clock.advance(5_000);
      await other.stop();
      const signed = await tiles.recall('signed');
      expect(signed).not.toBeNull();
      await tiles.clear();
      const stopping = new AbortController();
      const ended = late.notary.run(stopping.signal, () => undefined);
      await short.clock.advance(5_000);
      expect(late.notary.unhealthy()).toBeNull();
      expect(await tiles.recall('signed')).toBe(signed);
      stopping.abort();
      await ended;
    });

    it('is still open where nothing tells what was signed, also when the store is emptied under a notary', async () => {
      const { world, short, tiles } = await shortened(15, 9);
      const found = start(short, tiles);
      await short.clock.advance(5_000);
      await tiles.remember('signed', null);
      await found.stop();
      const { notary, stop } = start(world, tiles);
      await world.clock.advance(5_000);
      expect(notary.unhealthy()).toContain('other events');
      for (const name of ['signed', 'contradiction'] as const) await tiles.remember(name, null);
      await tiles.clear();
      await world.append('session-more');
      await world.clock.advance(5_000);
      expect(notary.unhealthy()).toContain('other events');
      await stop();
    });

    it('does not keep another log on the same store from being signed', async () => {
      const { short, tiles } = await shortened(15, 0);
      const found = start(short, tiles);
      await short.clock.advance(5_000);
      await found.stop();
      const other = aLog();
      for (let count = 0; count < 3; count++) await other.append('session-other');
      const name = originOf('another log');
      const key = signerKey(name, sha256('other'));
      const { notary } = start(other, tiles, { origin: name, signer: key, keys: [key] });
      await other.clock.advance(5_000);
      expect(notary.unhealthy()).toBeNull();
      expect(notary.status().checkpoint).toMatchObject({ size: 3 });
    });

    it('is told from a note that nobody of ours has signed', async () => {
      const { short, tiles } = await shortened(15, 0);
      const { notary, said } = start(short, tiles, {
        ...{ signer: signerKey(origin, sha256('other')), keys: [signerKey(origin, sha256('other'))] },
      });
      await short.clock.advance(5_000);
      expect(notary.unhealthy()).toBeNull();
      expect(said()).toEqual([expect.stringMatching(/rebuild/)]);
    });
  });
});
