import type { AppendResult, EventMetadata } from '@signalbox/event-sourcing';
import { describe, expect, it } from 'vitest';
import {
  anEvent,
  aStream,
  bytes,
  everything,
  expectSameEvents,
  fullMetadata,
  recorded,
  someEvents,
} from './examples.ts';
import { type MakeEventLog, openLog, START } from './under-test.ts';

/** The result of an append that must have been accepted. */
export const accepted = (result: AppendResult): Extract<AppendResult, { kind: 'appended' }> => {
  if (result.kind !== 'appended') throw new Error(`The append was not accepted: ${JSON.stringify(result)}.`);
  return result;
};

export const appending = (make: MakeEventLog): void => {
  describe('appending', () => {
    it('keeps every field of an event, and gives it back the same wherever it is read', async () => {
      const { log } = await openLog(make);
      const stream = aStream();
      const event = anEvent();

      const result = accepted(await log.append(stream, [event], 'no_stream'));

      expect(Object.keys(result).toSorted()).toEqual(['kind', 'position', 'revision']);
      expect(result.revision).toBe(0);
      expect(result.position).toBeGreaterThan(0);
      expect(Number.isSafeInteger(result.position)).toBe(true);
      const [seen] = await log.readStream(stream);
      expect(seen?.recordedAt).toBeGreaterThanOrEqual(START);
      const expected = [recorded(event, { stream, ...result }, seen)];
      expectSameEvents(await log.readStream(stream), expected);
      expectSameEvents(await log.readAll(0, 10), expected);
    });

    it('continues a stream at the expected revision', async () => {
      const { log } = await openLog(make);
      const stream = aStream();
      const first = accepted(await log.append(stream, someEvents(1), 'no_stream'));
      const second = accepted(await log.append(stream, someEvents(1), 0));
      const third = accepted(await log.append(stream, someEvents(1), 'any'));
      expect([first.revision, second.revision, third.revision]).toEqual([0, 1, 2]);
      expect(second.position).toBeGreaterThan(first.position);
      expect(third.position).toBeGreaterThan(second.position);
    });

    it('starts a stream when any revision will do', async () => {
      const { log } = await openLog(make);
      expect(await log.append(aStream(), someEvents(1), 'any')).toMatchObject({ kind: 'appended', revision: 0 });
    });

    it('answers with the last event of several, and numbers them without a gap', async () => {
      const { log } = await openLog(make);
      const stream = aStream();
      const events = someEvents(3);
      await log.append(stream, events.slice(0, 1), 'no_stream');

      const result = accepted(await log.append(stream, events.slice(1), 0));

      const seen = await log.readStream(stream);
      expect(seen.map((e) => e.id)).toEqual(events.map((e) => e.id));
      expect(seen.map((e) => e.revision)).toEqual([0, 1, 2]);
      expect(result).toEqual({ kind: 'appended', revision: 2, position: seen[2]?.position });
      expect(seen.map((e) => e.position)).toEqual(seen.map((e) => e.position).toSorted((a, b) => a - b));
      expect(new Set(seen.map((e) => e.position)).size).toBe(3);
    });

    it('reports a conflict with the actual revision, and writes nothing of it', async () => {
      const { log } = await openLog(make);
      const stream = aStream();
      await log.append(stream, someEvents(2), 'no_stream');
      const before = await everything(log);

      expect(await log.append(stream, someEvents(1), 'no_stream')).toEqual({ kind: 'conflict', actual: 1 });
      expect(await log.append(stream, someEvents(3), 0)).toEqual({ kind: 'conflict', actual: 1 });
      expect(await log.append(stream, someEvents(1), 2)).toEqual({ kind: 'conflict', actual: 1 });
      expect(await log.append(aStream(), someEvents(2), 0)).toEqual({ kind: 'conflict', actual: 'no_stream' });

      expectSameEvents(await everything(log), before);
    });

    it('leaves a stream absent when a conflict was all it ever met', async () => {
      const { log } = await openLog(make);
      const stream = aStream();
      await log.append(stream, someEvents(1), 5);
      expect(await log.append(stream, someEvents(1), 'no_stream')).toMatchObject({ kind: 'appended', revision: 0 });
    });

    it('lets exactly one of many racing writers through', async () => {
      const { log } = await openLog(make);
      const stream = aStream();
      const rivals = Array.from({ length: 20 }, () => anEvent());

      const results = await Promise.all(rivals.map((event) => log.append(stream, [event], 'no_stream')));

      const winners = results.flatMap((result, index) => (result.kind === 'appended' ? [index] : []));
      expect(winners).toHaveLength(1);
      const losers = results.filter((result) => result.kind === 'conflict');
      expect(losers).toEqual(Array.from({ length: 19 }, () => ({ kind: 'conflict', actual: 0 })));
      const seen = await log.readStream(stream);
      expect(seen.map((e) => e.id)).toEqual([rivals[winners[0] ?? -1]?.id]);
    });

    it('does not let a conflict hurt the appends beside it', async () => {
      const { log } = await openLog(make);
      const taken = aStream();
      await log.append(taken, someEvents(1), 'no_stream');
      const streams = Array.from({ length: 30 }, (_, index) => (index % 3 === 1 ? taken : aStream()));

      const results = await Promise.all(streams.map((stream) => log.append(stream, someEvents(2), 'no_stream')));

      expect(results.map((result) => result.kind)).toEqual(
        streams.map((stream) => (stream === taken ? 'conflict' : 'appended')),
      );
      expect(await everything(log)).toHaveLength(1 + 20 * 2);
    });

    it('orders what many writers append to many streams at once', async () => {
      const { log } = await openLog(make);
      const streams = Array.from({ length: 25 }, aStream);
      const results = await Promise.all(
        streams.flatMap((stream) => [0, 1, 2, 3].map(() => log.append(stream, someEvents(1), 'any'))),
      );
      const all = await everything(log);
      expect(all.map((e) => e.position).toSorted((a, b) => a - b)).toEqual(all.map((e) => e.position));
      expect(results.map((r) => accepted(r).position).toSorted((a, b) => a - b)).toEqual(all.map((e) => e.position));
      for (const stream of streams) {
        expect(all.filter((e) => e.stream === stream).map((e) => e.revision)).toEqual([0, 1, 2, 3]);
      }
    });

    it('keeps data byte for byte: every value, nothing at all, a megabyte, a slice of something larger', async () => {
      const { log } = await openLog(make);
      const stream = aStream();
      const everyByte = Uint8Array.from({ length: 256 }, (_, index) => index);
      const megabyte = Uint8Array.from({ length: 1 << 20 }, (_, index) => (index * 31 + (index >> 8)) & 0xff);
      const slice = Buffer.from('before|inside|after').subarray(7, 13);
      const events = [everyByte, new Uint8Array(0), megabyte, slice].map((data) => anEvent({ data }));

      await log.append(stream, events, 'no_stream');

      const seen = await log.readStream(stream);
      expect(seen.map((e) => Buffer.from(e.data).equals(events[e.revision]?.data ?? new Uint8Array(1)))).toEqual([
        true,
        true,
        true,
        true,
      ]);
      expect(seen.map((e) => e.data.byteLength)).toEqual([256, 0, 1 << 20, 6]);
    });

    it('keeps what is null and what is not plain ASCII', async () => {
      const { log } = await openLog(make);
      const odd: readonly EventMetadata[] = [
        { actor: 'Zoë 🚦', correlationId: 'クエリ', causationId: 'ß\t"\n\\', trace: null, authorisation: null },
        {
          ...fullMetadata,
          trace: null,
          authorisation: {
            scheme: 'internal',
            key: null,
            algorithm: null,
            nonce: null,
            timestamp: null,
            signature: null,
            signedTextHash: null,
          },
        },
        { ...fullMetadata, actor: '', correlationId: '', causationId: '', trace: '' },
      ];
      const stream = `${aStream()}-Grüße 🚦` as ReturnType<typeof aStream>;
      const events = odd.map((metadata) => anEvent({ metadata, keyId: null, type: 'Größe', data: bytes('→') }));

      const { position } = accepted(await log.append(stream, events, 'no_stream'));

      const seen = await log.readStream(stream);
      expect(seen.at(-1)?.position).toBe(position);
      expectSameEvents(
        seen,
        events.map((event, revision) =>
          recorded(event, { stream, revision, position: seen[revision]?.position ?? -1 }, seen[revision]),
        ),
      );
    });

    it('never records an earlier time after a later one, even when the clock is set back', async () => {
      const { log, clock } = await openLog(make);
      for (const now of [START + 5_000, START - 3_600_000, START + 4_999, START + 6_000]) {
        clock.now = now;
        await Promise.all([log.append(aStream(), someEvents(2), 'any'), log.append(aStream(), someEvents(1), 'any')]);
      }
      const times = (await everything(log)).map((e) => e.recordedAt);
      expect(times).toHaveLength(12);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
    });

    it('refuses, as the mistake it is, an append without events, with an id that is no UUID or with an id twice', async () => {
      const { log } = await openLog(make);
      const stream = aStream();
      const event = anEvent();
      await expect(log.append(stream, [], 'any')).rejects.toThrow(RangeError);
      await expect(log.append(stream, [anEvent({ id: 'event-1' })], 'any')).rejects.toThrow(RangeError);
      await expect(log.append(stream, [event, event], 'any')).rejects.toThrow(RangeError);
      expect(await everything(log)).toEqual([]);
    });

    it('refuses appends once it has been closed, and may be closed twice', async () => {
      const { log } = await openLog(make);
      await log.append(aStream(), someEvents(1), 'any');
      await log.close();
      await expect(log.append(aStream(), someEvents(1), 'any')).rejects.toMatchObject({
        name: 'LogUnavailable',
        code: 'LOG_UNAVAILABLE',
      });
      await log.close();
    });

    it('has an id of its own', async () => {
      const { log } = await openLog(make);
      const { log: other } = await openLog(make);
      expect(log.id).not.toBe('');
      expect(log.id).not.toBe(other.id);
    });
  });
};
