import type { RecordedEvent } from '@signalbox/event-sourcing';
import { describe, expect, it } from 'vitest';
import {
  BadCheckpoint,
  eventHash,
  hashOfRecorded,
  memoryTileStore,
  noteIn,
  recordsCheckpoint,
  sha256,
  signerKey,
  type VerifyOptions,
  verifyLog,
} from '../src/index.ts';
import { createNotary } from '../src/notary.ts';
import { aLog, everything, onePage, origin, recordIn, signer } from './fixtures.ts';

/** A log of 200 events or so, a checkpoint after every 20, six events after the last, and the notary's tiles. */
const anEvidencedLog = async () => {
  const { log, clock, append } = aLog();
  const tiles = memoryTileStore();
  const notary = createNotary({
    ...{ source: log, tiles, origin, signer, keys: [signer], record: recordIn(log) },
    ...{ now: clock.now, after: clock.after },
  });
  const stopping = new AbortController();
  const ended = notary.run(stopping.signal, () => undefined);
  for (let count = 0; count < 200; count++) {
    await append(`session-${count % 17}`);
    await clock.advance(count % 20 === 19 ? 1_000 : 3);
  }
  const events = await everything(log);
  const covered = await tiles.size();
  for (let count = 0; count < 5; count++) await append(`session-${count}`);
  stopping.abort();
  await ended;
  return { events: await everything(log), tiles, covered, last: events.findLast(recordsCheckpoint) };
};

const { events, tiles, covered } = await anEvidencedLog();
const notes = events.filter(recordsCheckpoint).map((event) => noteIn(event) ?? '');

const verified = (some: readonly RecordedEvent[], more: Partial<VerifyOptions> = {}) =>
  verifyLog(onePage(some), { origin, keys: [signer], ...more });

/** The same log with one event changed. */
const changed = (position: number, change: (event: RecordedEvent) => Partial<RecordedEvent>) =>
  events.map((event) => (event.position === position ? { ...event, ...change(event) } : event));

/** As whoever changes an event and knows how hashes are made would leave it. */
const rehashed = (event: RecordedEvent): RecordedEvent => ({ ...event, hash: hashOfRecorded(event) });

describe('verifying a log', () => {
  it('finds an untouched one intact, and says how far it is covered', async () => {
    for (const more of [{}, { expected: tiles }, { gapless: true, expected: tiles, checkpoints: notes }]) {
      expect(await verified(events, more)).toMatchObject({
        ...{ intact: true, difference: null, events: 215, position: 215, withoutHash: 0 },
        ...{ covered: { size: 209, position: 209 }, uncovered: 6, signaturesChecked: true },
      });
    }
    expect(covered).toBe(209);
    expect(await verified(events, { keys: [] })).toMatchObject({ intact: true, signaturesChecked: false });
    expect(await verified([])).toMatchObject({ intact: true, events: 0, covered: null, uncovered: 0 });
  });

  it.each([
    ['a bit of the data', 50, (e: RecordedEvent) => ({ data: Buffer.from(`x${e.data}`) }), 'hash'],
    ['the actor', 1, (e: RecordedEvent) => ({ metadata: { ...e.metadata, actor: 'nobody' } }), 'hash'],
    ['the stored hash', 60, () => ({ hash: sha256('other') }), 'hash'],
    ['a hash that is gone', 61, () => ({ hash: null }), 'hash'],
    ['the link', 70, () => ({ previousHash: sha256('other') }), 'hash'],
    ['the stream', 80, () => ({ stream: 'session-other' as RecordedEvent['stream'] }), 'hash'],
    ['what no checkpoint covers', 213, () => ({ data: Buffer.from('x') }), 'hash'],
  ])('finds %s', async (_, position, change, what) => {
    for (const more of [{}, { expected: tiles, gapless: true }]) {
      const { difference } = await verified(changed(position, change), more);
      expect(difference).toMatchObject({ position, upTo: position, what });
    }
  });

  it('finds an event that was changed with its hash, by the one that followed it', async () => {
    const some = changed(30, (event) => rehashed({ ...event, data: Buffer.from('other') }));
    for (const more of [{}, { expected: tiles }]) {
      expect((await verified(some, more)).difference).toMatchObject({ position: 30 });
    }
  });

  it('finds a whole chain that was made anew, by the signed root', async () => {
    const hashes = new Map<string, Uint8Array>();
    const some = events.map((event) => {
      const data = event.position === 30 ? Buffer.from('other') : event.data;
      const previousHash = hashes.get(event.stream) ?? null;
      const hash = eventHash(event.stream, event.revision, { ...event, data }, previousHash);
      hashes.set(event.stream, hash);
      return { ...event, data, previousHash, hash };
    });
    expect((await verified(some, { expected: tiles })).difference).toMatchObject({ position: 30, upTo: 30 });
    const { difference } = await verified(some);
    expect(difference).toMatchObject({ what: 'checkpoint', position: 21, upTo: 41 });
  });

  it('finds another time, in a covered event exactly where the tiles are there', async () => {
    const some = changed(100, ({ recordedAt }) => ({ recordedAt: recordedAt + 1 }));
    expect((await verified(some, { expected: tiles })).difference).toMatchObject({ position: 100, what: 'time' });
    const { difference } = await verified(some);
    expect(difference?.position).toBeLessThanOrEqual(100);
    expect(difference?.upTo).toBeGreaterThanOrEqual(100);
    const back = changed(100, ({ recordedAt }) => ({ recordedAt: recordedAt - 100 }));
    expect((await verified(back)).difference).toMatchObject({ position: 100, upTo: 100, what: 'time' });
  });

  it('finds what was taken out, also where nothing of its stream follows', async () => {
    for (const position of [1, 20, 21, 100, 209]) {
      const some = events.filter((event) => event.position !== position);
      for (const more of [{ expected: tiles }, { gapless: true }, {}]) {
        expect((await verified(some, more)).difference).toMatchObject({ position, what: 'missing' });
      }
    }
    const tail = events.filter((event) => event.position !== 214);
    expect((await verified(tail, { gapless: true })).difference).toMatchObject({ position: 214, what: 'missing' });
    expect(await verified(tail)).toMatchObject({ intact: true, uncovered: 5 });
  });

  it('takes positions that never counted by ones for what they are', async () => {
    const spread = events
      .filter(({ type }) => type !== 'CheckpointSigned')
      .map((event) => {
        return {
          ...event,
          position: event.position * 100,
          ...(event.position === 150 && { data: Buffer.from('other') }),
        };
      });
    expect((await verified(spread)).difference).toMatchObject({ position: 15_000, what: 'hash' });
  });

  it('finds what was put elsewhere', async () => {
    const swapped = (a: number, b: number) => {
      const [left, right] = [events[a - 1], events[b - 1]];
      if (!left || !right) throw new Error('There are no such events.');
      return events
        .with(a - 1, { ...right, position: left.position, recordedAt: left.recordedAt })
        .with(b - 1, { ...left, position: right.position, recordedAt: right.recordedAt });
    };
    for (const more of [{ expected: tiles }, {}]) {
      // Of one stream: the chain tells.
      expect((await verified(swapped(45, 62), more)).difference).toMatchObject({ position: 45, what: 'swapped' });
    }
    // Of two streams, and within what each of them has: only the tree tells.
    expect((await verified(swapped(51, 52), { expected: tiles })).difference).toMatchObject({
      ...{ position: 51, upTo: 51, what: 'swapped' },
    });
    expect((await verified(swapped(51, 52))).difference).toMatchObject({ position: 42, upTo: 62, what: 'checkpoint' });
  });

  it('finds what was put in', async () => {
    const more = events.map((event) => (event.position > 90 ? { ...event, position: event.position + 1 } : event));
    const put = rehashed({
      ...(events[89] as RecordedEvent),
      ...{ stream: 'session-new' as RecordedEvent['stream'], revision: 0, previousHash: null, position: 91 },
    });
    const some = more.toSpliced(90, 0, put);
    expect((await verified(some, { expected: tiles })).difference).toMatchObject({ position: 91 });
    const { difference } = await verified(some);
    expect(difference?.position).toBeLessThanOrEqual(91);
    expect(difference?.upTo).toBeGreaterThanOrEqual(91);
  });

  it('finds that the end is gone, by the tiles or a checkpoint from elsewhere', async () => {
    const some = events.slice(0, 150);
    expect((await verified(some, { expected: tiles })).difference).toMatchObject({ position: 151, what: 'truncated' });
    expect((await verified(some, { checkpoints: [notes.at(-1) ?? ''] })).difference).toMatchObject({
      ...{ position: 151, upTo: 209, what: 'truncated' },
    });
    expect(await verified(some)).toMatchObject({ intact: true });
  });

  it('finds checkpoints that are not what was signed', async () => {
    const at = events.find(recordsCheckpoint)?.position ?? 0;
    const forged = (change: (note: string) => string) =>
      changed(at, (event) => {
        const note = noteIn(event) ?? '';
        return rehashed({ ...event, data: Buffer.from(JSON.stringify({ note: change(note) })) });
      });
    const size = forged((note) => note.replace('\n20\n', '\n19\n'));
    expect((await verified(size)).difference).toMatchObject({ position: at });
    expect((await verified(events, { keys: [signerKey(origin, sha256('other'))] })).difference).toMatchObject({
      ...{ position: at, what: 'checkpoint' },
    });
  });

  it('refuses a checkpoint from elsewhere that cannot be believed', async () => {
    const [note = ''] = notes;
    await expect(verified(events, { checkpoints: [note.replace('\n20\n', '\n21\n')] })).rejects.toThrow(BadCheckpoint);
    await expect(verified(events, { checkpoints: ['x'] })).rejects.toThrow(BadCheckpoint);
    await expect(verified(events, { checkpoints: [note], origin: 'signalbox/another' })).rejects.toThrow(BadCheckpoint);
  });

  it('says where what is stored cannot be read', async () => {
    const pages = async function* () {
      yield events.slice(0, 70);
      const { UnreadableEvents } = await import('../src/index.ts');
      throw new UnreadableEvents(70, new Error('database disk image is malformed'));
    };
    const { difference } = await verifyLog(pages(), { origin, keys: [signer] });
    expect(difference).toMatchObject({ position: 71, what: 'unreadable' });
  });
});
