import { describe, expect, it, onTestFinished } from 'vitest';
import { sqliteIdempotencyStore, sqliteNonceStore } from '../src/index.ts';
import { openOnWorkers } from '../src/open.ts';
import { aDirectory, anEvent, aStream, NOW, openAt, pathIn } from './fixtures.ts';

const unavailable = { name: 'LogUnavailable', code: 'LOG_UNAVAILABLE', cause: expect.any(Error) };

describe('a full disk', () => {
  const BODY = new Uint8Array(50_000);
  const full = async () => {
    const log = await openAt(aDirectory(), () => NOW, { maxBytes: 3 << 20 });
    const answers = sqliteIdempotencyStore(log);
    await log.append(aStream(), [anEvent()], 'no_stream');
    const fill = async () => {
      for (let i = 0; i < 500; i++) {
        const filled = answers.complete('a', `k${i}`, 'f', { status: 200, headers: {}, body: BODY }, NOW);
        if (
          await filled.then(
            () => false,
            () => true,
          )
        )
          return;
      }
      throw new Error('The disk does not get full.');
    };
    await fill();
    return { log, answers };
  };

  it('refuses appends, keeps what was there readable, and says so', async () => {
    const { log } = await full();
    const stream = aStream();
    const big = anEvent({ data: new Uint8Array(200_000) });
    const results = await Promise.allSettled([
      log.append(stream, [anEvent(), big], 'no_stream'),
      log.append(aStream(), [big], 'no_stream'),
    ]);
    for (const result of results) expect(result).toMatchObject({ status: 'rejected', reason: unavailable });
    expect(log.health()).toEqual({ ok: false, detail: expect.stringContaining('full'), waiting: 0 });
    expect(await log.readStream(stream)).toEqual([]);
    expect(await log.head()).toBe(1);
    expect(await log.readAll(0, 10)).toHaveLength(1);
  });

  it('takes appends again as soon as there is space, with nothing half written before them', async () => {
    const { log, answers } = await full();
    const [stream, other] = [aStream(), aStream()];
    const big = anEvent({ data: new Uint8Array(200_000) });
    await expect(log.append(stream, [anEvent(), big], 'no_stream')).rejects.toMatchObject(unavailable);

    expect(await answers.sweep(NOW + 1)).toBeGreaterThan(10);

    expect(await log.append(stream, [big], 'no_stream')).toEqual({ kind: 'appended', revision: 0, position: 2 });
    expect(await log.append(other, [anEvent()], 'no_stream')).toEqual({ kind: 'appended', revision: 0, position: 3 });
    expect(log.health()).toEqual({ ok: true, detail: null, waiting: 0 });
    expect((await log.readAll(0, 10)).map((e) => [e.position, e.revision])).toEqual([
      [1, 0],
      [2, 0],
      [3, 0],
    ]);
  });

  it('grants no durable nonce that it could not keep, and grants it later', async () => {
    const { log, answers } = await full();
    const nonces = await sqliteNonceStore(log);
    const long = 'n'.repeat(300_000);
    const durable = { expiresAt: NOW + 60_000, durable: true };
    await expect(nonces.claim('key', long, durable)).rejects.toMatchObject(unavailable);
    await answers.sweep(NOW + 1);
    expect(await nonces.claim('key', long, durable)).toBe(true);
    expect(await nonces.claim('key', long, durable)).toBe(false);
  });

  it('lets a request whose answer it could not keep be tried again, as the same command', async () => {
    const { answers } = await full();
    const claim = (newId: string) =>
      answers.claim('b', 'k', 'f', { now: NOW, expiresAt: NOW + 1, newCommandId: () => newId });
    expect(await claim('first')).toEqual({ kind: 'new', commandId: 'first' });
    const answer = { status: 200, headers: {}, body: new Uint8Array(400_000) };
    await expect(answers.complete('b', 'k', 'f', answer, NOW)).rejects.toMatchObject(unavailable);
    expect(await claim('second')).toEqual({ kind: 'new', commandId: 'first' });
  });

  it('lets nothing run under an idempotency key that it could not keep, and takes it later', async () => {
    const { answers } = await full();
    const claim = (newId: string) =>
      answers.claim('b', 'k', 'f'.repeat(300_000), { now: NOW, expiresAt: NOW + 1, newCommandId: () => newId });
    await expect(claim('first')).rejects.toMatchObject(unavailable);
    await answers.sweep(NOW + 1);
    expect(await claim('second')).toEqual({ kind: 'new', commandId: 'second' });
  });
});

describe('a worker that dies', () => {
  const open = async () => {
    const directory = aDirectory();
    const opened = await openOnWorkers(
      { path: pathIn(directory), backupDirectory: directory, newLogId: 'log', openedAt: NOW, maxBytes: null },
      () => NOW,
    );
    onTestFinished(() => opened.log.close());
    return { directory, ...opened };
  };

  it('takes every pending append with it when it was the writer, and every later one', async () => {
    const { log, writer, directory } = await open();
    await log.append(aStream(), [anEvent()], 'no_stream');
    const pending = Array.from({ length: 3_000 }, () => log.append(aStream(), [anEvent()], 'no_stream'));
    const settled = Promise.allSettled(pending);
    await writer.terminate();
    const results = await settled;
    const lost = results.filter((result) => result.status === 'rejected');
    expect(lost.length).toBeGreaterThan(0);
    for (const { reason } of lost) expect(reason).toMatchObject({ name: 'LogUnavailable', code: 'LOG_UNAVAILABLE' });
    await expect(log.append(aStream(), [anEvent()], 'no_stream')).rejects.toMatchObject({
      name: 'LogUnavailable',
      message: 'The writer of the log has died.',
    });
    expect(log.health()).toEqual({ ok: false, detail: 'The writer of the log has died.', waiting: 0 });
    const kept = results.length - lost.length;
    expect((await log.readAll(0, 10_000)).length).toBeGreaterThanOrEqual(kept + 1);
    await log.close();

    const again = await openAt(directory);
    expect(await again.head()).toBeGreaterThanOrEqual(kept + 1);
    expect(await again.append(aStream(), [anEvent()], 'no_stream')).toMatchObject({ kind: 'appended' });
  });

  it('fails reads when it was the reader, while appends and the tail go on', async () => {
    const { log, reader } = await open();
    const { signal } = new AbortController();
    const tail = log.subscribeAll(0, { signal })[Symbol.asyncIterator]();
    await tail.next();
    await reader.terminate();
    await expect(log.readAll(0, 1)).rejects.toMatchObject({
      name: 'LogUnavailable',
      message: 'The reader of the log has died.',
    });
    expect(log.health()).toMatchObject({ ok: false, detail: 'The reader of the log has ended.' });
    expect(await log.append(aStream(), [anEvent()], 'no_stream')).toMatchObject({ kind: 'appended', position: 1 });
    expect((await tail.next()).value).toMatchObject({ kind: 'events', events: [{ position: 1 }] });
    await tail.return?.();
    await expect(async () => {
      for await (const delivery of log.subscribeAll(0, { signal })) expect(delivery.kind).toBe('never');
    }).rejects.toMatchObject({ name: 'LogUnavailable' });
  });
});
