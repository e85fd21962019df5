import { inspect } from 'node:util';
import { describe, expect, it } from 'vitest';
import { createWindow } from '../src/window.ts';
import { anEvent, aServer, aStream, openAt } from './fixtures.ts';

const cannotOpen = (code: string) => ({ name: 'CannotOpenLog', code });

describe('the connection of a process', () => {
  it('is one: another store is refused while the first is open, and taken afterwards', async () => {
    const [first, second] = [await aServer(), await aServer()];
    const log = await openAt(first);
    await expect(openAt(second)).rejects.toMatchObject(cannotOpen('EVENT_STORE_IN_USE'));
    expect(await log.append(aStream(), [anEvent()], 'no_stream')).toMatchObject({ kind: 'appended' });
    await log.close();
    expect(await (await openAt(second)).append(aStream(), [anEvent()], 'no_stream')).toMatchObject({
      kind: 'appended',
    });
  });

  it('is shared by all who open the same store, and ends with the last of them', async () => {
    const server = await aServer();
    const [one, other] = [await openAt(server), await openAt(server)];
    expect(other.id).toBe(one.id);
    await one.close();
    await expect(one.head()).rejects.toMatchObject({ code: 'LOG_UNAVAILABLE' });
    await other.append(aStream(), [anEvent()], 'no_stream');
    expect(server.openCalls('batch_append')).toBe(1);
    await other.close();
    await openAt(await aServer());
  });

  it('is given back when the log could not be opened', async () => {
    const server = await aServer();
    server.write('signalbox-log', [{ ...anEvent(), contentType: 'application/json', metadata: new Uint8Array() }]);
    await expect(openAt(server)).rejects.toMatchObject(cannotOpen('NOT_A_LOG'));
    await openAt(await aServer());
  });

  it('takes credentials in the connection string, and the newer name of the protocol', async () => {
    const server = await aServer();
    const address = `127.0.0.1:${server.port}?tls=false`;
    for (const url of [`esdb://admin:changeit@${address}`, `kurrentdb://${address}`]) {
      const log = await openAt({ url });
      expect(await log.append(aStream(), [anEvent()], 'no_stream')).toMatchObject({ kind: 'appended', revision: 0 });
      await log.close();
    }
  });

  it.each([
    ['http://admin:secret@127.0.0.1:2113'],
    ['admin:secret@127.0.0.1:2113'],
    ['esdb://admin:secret@127.0.0.1:2113?tls=false&throwOnAppendFailure=false'],
  ])('refuses %s, and keeps the password to itself', async (url) => {
    const refusal: unknown = await openAt({ url }).catch((error: unknown) => error);
    expect(refusal).toMatchObject(cannotOpen('EVENT_STORE_URL'));
    expect(inspect(refusal)).not.toContain('secret');
  });

  it('finds the server that leads a cluster by gossip', async () => {
    const server = await aServer();
    const log = await openAt({ url: `esdb://127.0.0.1:${server.port},127.0.0.1:${server.port}?tls=false` });
    expect(await log.append(aStream(), [anEvent()], 'no_stream')).toMatchObject({ kind: 'appended', revision: 0 });
  });

  it('rejects with LogUnavailable when there is no server', async () => {
    const server = await aServer();
    const { url } = server;
    await server.close();
    await expect(openAt({ url })).rejects.toMatchObject({ name: 'LogUnavailable', code: 'LOG_UNAVAILABLE' });
  });
});

describe('a log that two open at once', () => {
  it('has one id, that of who came first', async () => {
    const server = await aServer();
    const ids = ['a', 'b', 'c'];
    const logs = await Promise.all(ids.map((id) => openAt(server, { newLogId: () => id })));
    expect(new Set(logs.map(({ id }) => id)).size).toBe(1);
    expect(ids).toContain(logs[0]?.id);
  });
});

describe('the window of appends', () => {
  it('lets so many in, and the rest in turn as others leave, also by failing', async () => {
    const inWindow = createWindow(2);
    const gates = Array.from({ length: 4 }, () => Promise.withResolvers<number>());
    const begun: number[] = [];
    const results = gates.map(({ promise }, index) =>
      inWindow(() => {
        begun.push(index);
        return promise;
      }),
    );
    expect(begun).toEqual([0, 1]);
    gates[1]?.reject(new Error('failed'));
    await expect(results[1]).rejects.toThrow('failed');
    expect(begun).toEqual([0, 1, 2]);
    gates[0]?.resolve(10);
    expect(await results[0]).toBe(10);
    expect(begun).toEqual([0, 1, 2, 3]);
    gates[2]?.resolve(12);
    gates[3]?.resolve(13);
    expect(await Promise.all([results[2], results[3]])).toEqual([12, 13]);
  });
});
