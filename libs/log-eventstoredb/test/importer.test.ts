import type { EventLog, RecordedEvent } from '@signalbox/event-sourcing';
import { seededChance } from '@signalbox/testing';
import { describe, expect, it, onTestFinished } from 'vitest';
import { beginImport } from '../src/index.ts';
import { anEvent, aServer, aStream, HASTY, NOW, openAt, testTimers } from './fixtures.ts';

/** The events of a source: streams that are interleaved, positions with gaps, times and hashes of their own. */
const aSource = (streams: number, perStream: number): readonly RecordedEvent[] => {
  const names = Array.from({ length: streams }, aStream);
  const events: RecordedEvent[] = [];
  for (let revision = 0; revision < perStream; revision++) {
    for (const stream of names) {
      const position = events.length * 3 + 5;
      const hash = new Uint8Array([position & 0xff, 1, 2]);
      events.push({
        ...anEvent({ keyId: revision === 0 ? 'key' : null }),
        stream,
        revision,
        position,
        recordedAt: NOW + 50_000 + position,
        hash: revision === 1 ? hash : null,
        previousHash: revision === 1 ? new Uint8Array([9]) : null,
      });
    }
  }
  return events;
};

const begin = async (url: string, source: readonly RecordedEvent[], over: { logId?: string; head?: number } = {}) => {
  const importing = await beginImport({
    url,
    logId: 'the-source',
    head: source.at(-1)?.position ?? 0,
    categories: ['thing'],
    timers: testTimers(),
    chance: seededChance(1),
    patience: HASTY,
    ...over,
  });
  onTestFinished(() => importing.close());
  return importing;
};

const importAll = async (url: string, source: readonly RecordedEvent[]): Promise<void> => {
  const importing = await begin(url, source);
  await importing.append(source);
  await importing.finish();
  await importing.close();
};

const everything = async (log: EventLog, pageSize: number): Promise<readonly RecordedEvent[]> => {
  const all: RecordedEvent[] = [];
  for (;;) {
    const page = await log.readAll(all.at(-1)?.position ?? 0, pageSize);
    if (page.length === 0) return all;
    all.push(...page);
  }
};

const bytesAsNumbers = (events: readonly RecordedEvent[]) =>
  events.map((event) => ({
    ...event,
    data: [...event.data],
    hash: event.hash && [...event.hash],
    previousHash: event.previousHash && [...event.previousHash],
  }));

describe('a log that was imported', () => {
  it('is the log it was: id, events, order, positions, times and hashes', async () => {
    const server = await aServer();
    const source = aSource(20, 3);
    await importAll(server.url, source);

    const log = await openAt(server, { newLogId: () => 'not this one' });

    expect(log.id).toBe('the-source');
    expect(await log.head()).toBe(source.at(-1)?.position);
    expect(bytesAsNumbers(await everything(log, 7))).toEqual(bytesAsNumbers(source));
    const [first] = source;
    expect(bytesAsNumbers(await log.readStream(first?.stream ?? aStream()))).toEqual(
      bytesAsNumbers(source.filter(({ stream }) => stream === first?.stream)),
    );
  });

  it('continues with positions and times after those of the source', async () => {
    const server = await aServer(); // its clock is behind that of the source
    const source = aSource(2, 2);
    const last = source.at(-1);
    await importAll(server.url, source);
    const log = await openAt(server);

    const stream = source[0]?.stream ?? aStream();
    const result = await log.append(stream, [anEvent()], 1);

    const [, , added] = await log.readStream(stream);
    expect(result).toEqual({ kind: 'appended', revision: 2, position: added?.position });
    expect(added?.position).toBeGreaterThan(last?.position ?? Number.NaN);
    expect(added?.recordedAt).toBe(last?.recordedAt);
    expect(await log.head()).toBe(added?.position);
  });

  it('is read and followed from any position of the source, into what is new', async () => {
    const server = await aServer();
    const source = aSource(300, 2);
    await importAll(server.url, source);
    const log = await openAt(server);
    await log.append(aStream(), [anEvent()], 'no_stream');
    const all = (await everything(log, 250)).map(({ position }) => position);
    expect(all).toHaveLength(601);
    for (const index of [0, 299, 550, 599]) {
      const after = all[index] ?? -1;
      expect((await log.readAll(after, 1_000)).map(({ position }) => position)).toEqual(all.slice(index + 1));
      const followed: number[] = [];
      for await (const delivery of log.subscribeAll(after, { signal: new AbortController().signal })) {
        if (delivery.kind === 'caught_up') break;
        followed.push(...delivery.events.map(({ position }) => position));
      }
      expect(followed).toEqual(all.slice(index + 1));
    }
  });

  it('knows the ids of the source, with their first positions', async () => {
    const server = await aServer();
    const source = aSource(1, 2);
    await importAll(server.url, source);
    const log = await openAt(server);
    const [first, second] = source as [RecordedEvent, RecordedEvent];
    const before = server.size();
    expect(await log.append(first.stream, [first], 'no_stream')).toEqual({
      kind: 'appended',
      revision: 0,
      position: first.position,
    });
    expect(await log.append(first.stream, [first, second], 'any')).toEqual({
      kind: 'appended',
      revision: 1,
      position: second.position,
    });
    expect(server.size()).toBe(before);
  });
});

describe('an import', () => {
  it('goes on where it was interrupted; until it is finished, the log is not opened', async () => {
    const server = await aServer();
    const source = aSource(10, 3);
    const first = await begin(server.url, source);
    expect(first.resumedAt).toBe(0);
    server.faults.loseNextAnswer('dropped');
    await first.append(source.slice(0, 12));
    await first.close();
    await expect(openAt(server)).rejects.toMatchObject({ name: 'CannotOpenLog', code: 'IMPORT_UNFINISHED' });

    const second = await begin(server.url, source);
    expect(second.resumedAt).toBe(source[11]?.position);
    await second.append(source.slice(0, 20));
    await second.append(source.slice(20));
    await second.finish();
    await second.close();

    expect(server.size()).toBe(source.length + 2);
    const log = await openAt(server);
    expect((await everything(log, 100)).map(({ id }) => id)).toEqual(source.map(({ id }) => id));
  });

  it('refuses a store that holds another log, the whole of this one, or the beginning of an older state', async () => {
    const server = await aServer();
    const source = aSource(2, 1);
    const importing = await begin(server.url, source);
    await expect(begin(server.url, source, { logId: 'another' })).rejects.toMatchObject({ code: 'LOG_EXISTS' });
    await expect(begin(server.url, source, { head: 1_000 })).rejects.toMatchObject({ code: 'LOG_EXISTS' });
    await importing.append(source);
    await importing.finish();
    await expect(begin(server.url, source)).rejects.toMatchObject({ name: 'CannotOpenLog', code: 'LOG_EXISTS' });
  });

  it('refuses events out of order or past the end, and to be finished before the end', async () => {
    const server = await aServer();
    const source = aSource(4, 1);
    const importing = await begin(server.url, source);
    await expect(importing.append(source.toReversed())).rejects.toThrow(RangeError);
    const again = await begin(server.url, source);
    await again.append(source.slice(0, 3));
    await expect(again.finish()).rejects.toThrow(RangeError);
    await expect(again.append(aSource(9, 1).slice(8))).rejects.toThrow(RangeError);
    await again.append(source.slice(3));
    await again.finish();
  });

  it('refuses to write beside what is in a stream already', async () => {
    const server = await aServer();
    const source = aSource(1, 2);
    const importing = await begin(server.url, source);
    server.write(source[0]?.stream ?? '', [
      { ...anEvent(), contentType: 'application/json', metadata: new Uint8Array() },
    ]);
    await expect(importing.append(source)).rejects.toMatchObject({ name: 'CannotOpenLog', code: 'LOG_EXISTS' });
  });

  it('takes a log without events', async () => {
    const server = await aServer();
    await importAll(server.url, []);
    const log = await openAt(server);
    expect([log.id, await log.head(), await log.readAll(0, 10)]).toEqual(['the-source', 0, []]);
  });
});
