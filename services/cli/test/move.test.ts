import { createHash } from 'node:crypto';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { settle } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import {
  aDirectory,
  anEvent,
  anExport,
  aServer,
  aStream,
  openSource,
  openTarget,
  plain,
  readTarget,
  signalbox,
  summed,
} from './fixtures.ts';

const at = (server: { readonly url: string }) => ['--eventstoredb', server.url];

describe('export and import', () => {
  it('carry everything over: ids, order, revisions, positions, times, metadata, bytes', async () => {
    const server = await aServer();
    const { events, text, head } = await anExport(2_500);

    const imported = await signalbox(['import', ...at(server)], { input: text });
    expect(imported).toEqual({
      code: 0,
      stdout: '',
      stderr: `Imported ${events.length.toLocaleString('en')} events of log log-of-the-test, up to position ${head}. Services can be started on it.\n`,
    });
    expect(await readTarget(server)).toEqual({ id: 'log-of-the-test', head, events });
  });

  it('let the log go on where it was: what is appended then has a later position and no earlier time', async () => {
    const server = await aServer();
    const { events, text, head } = await anExport(20);
    await signalbox(['import', ...at(server)], { input: text });

    const log = await openTarget(server);
    const [first] = events;
    const next = events.filter(({ stream }) => stream === first?.stream).length;
    const event = anEvent();
    const result = await log.append(first!.stream, [event], next - 1);
    expect(result).toEqual({ kind: 'appended', revision: next, position: expect.any(Number) });
    const [found] = await log.readAll(head, 10);
    expect(found).toMatchObject({ id: event.id, stream: first?.stream, revision: next });
    expect(found?.position).toBeGreaterThan(head);
    expect(found?.recordedAt).toBeGreaterThanOrEqual(events.at(-1)!.recordedAt);
    await log.close();
  });

  it('keep hashes where there are some', async () => {
    const server = await aServer();
    const { text, events } = await anExport(3);
    const [hash, previousHash] = ['a', 'b'].map((what) => createHash('sha256').update(what).digest());
    const lines = text
      .split('\n')
      .slice(0, 4)
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    lines[2] = { ...lines[2], hash: hash?.toString('base64'), previousHash: previousHash?.toString('base64') };
    expect((await signalbox(['import', ...at(server)], { input: summed(lines) })).code).toBe(0);
    const target = await readTarget(server);
    expect(target.events).toEqual(
      events.map((event, index) =>
        index === 1 ? { ...event, hash: hash?.toString('hex'), previousHash: previousHash?.toString('hex') } : event,
      ),
    );
  });

  it('work on an empty log', async () => {
    const [server, dataDir] = [await aServer(), aDirectory()];
    await (await openSource(dataDir)).close();
    const exported = await signalbox(['export', '--data-dir', dataDir]);
    expect(exported.stderr).toBe('Exported 0 events of log log-of-the-test, up to position 0.\n');
    expect((await signalbox(['import', ...at(server)], { input: exported.stdout })).code).toBe(0);
    expect(await readTarget(server)).toEqual({ id: 'log-of-the-test', head: 0, events: [] });
  });

  it('work by way of a file, which only its owner may read and which is never half there', async () => {
    const server = await aServer();
    const { dataDir, text, events } = await anExport(50);
    const out = join(aDirectory(), 'log.ndjson');
    const exported = await signalbox(['export', '--data-dir', dataDir, '--out', out]);
    expect(exported).toEqual({ code: 0, stdout: '', stderr: expect.stringContaining('Exported ') });
    expect(readFileSync(out, 'utf8')).toBe(text);
    expect(statSync(out).mode & 0o777).toBe(0o600);
    expect(existsSync(`${out}.part`)).toBe(false);
    const again = await signalbox(['export', '--data-dir', dataDir, '--out', out]);
    expect(again).toEqual({ code: 1, stdout: '', stderr: `${out} is there already, and is left alone.\n` });

    expect((await signalbox(['import', ...at(server), '--in', out])).code).toBe(0);
    expect((await readTarget(server)).events).toEqual(events);
    const away = await signalbox(['import', ...at(server), '--in', `${out}.gone`]);
    expect(away).toEqual({ code: 1, stdout: '', stderr: expect.stringContaining(`${out}.gone`) });
  });

  it('take the address and the namespace from the environment, as services do', async () => {
    const server = await aServer();
    const { events, text } = await anExport(10);
    const env = { SIGNALBOX_EVENTSTOREDB_URL: server.url, SIGNALBOX_NAMESPACE: 'other', SIGNALBOX_MODE: 'production' };
    expect(await signalbox(['import'], { input: text, env })).toMatchObject({ code: 0 });
    const beside = await readTarget(server);
    expect(beside, 'the default namespace is still free').toEqual({ id: 'another log', head: 0, events: [] });
    expect(await signalbox(['import'], { input: text, env }), 'and its own is taken').toMatchObject({
      code: 0,
      stderr: `There is nothing to do: ${events.length} events of log log-of-the-test, up to position ${events.length}, were imported before.\n`,
    });
  });
});

describe('an export', () => {
  it('says what it is in its first line, has a line for each event, and sums in the last', async () => {
    const { text, events, head } = await anExport(10);
    expect(text.endsWith('\n')).toBe(true);
    const lines = text.trimEnd().split('\n');
    const [first, ...rest] = lines.map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(first).toEqual({ kind: 'log', format: 'signalbox-log', version: 1, logId: 'log-of-the-test', head });
    expect(rest.map(({ kind }) => kind)).toEqual([...events.map(() => 'event'), 'check', 'end']);
    const [second] = events;
    expect(rest[1]).toEqual({
      ...events[1],
      kind: 'event',
      data: Buffer.from(events[1]!.data, 'hex').toString('base64'),
      hash: null,
      previousHash: null,
    });
    expect(second?.position).toBe(1);
    const before = text.slice(0, text.lastIndexOf('\n', text.length - 2) + 1);
    const sha256 = createHash('sha256').update(before).digest('hex');
    expect(rest.at(-1)).toEqual({ kind: 'end', count: events.length, sha256 });
  });

  it('is refused while the server runs', async () => {
    const dataDir = aDirectory();
    const log = await openSource(dataDir);
    await log.append(aStream(), [anEvent()], 'no_stream');
    const refused = await signalbox(['export', '--data-dir', dataDir]);
    expect(refused).toEqual({
      ...{ code: 1, stdout: '' },
      stderr: `The server of ${dataDir} is running. Stop it first: what it acknowledged after the export would be missing from it.\n`,
    });
    await log.close();
    expect((await signalbox(['export', '--data-dir', dataDir])).code).toBe(0);
  });

  it('is refused where there is no log, and makes none', async () => {
    const dataDir = aDirectory();
    const refused = await signalbox(['export', '--data-dir', dataDir]);
    expect(refused).toEqual({
      ...{ code: 1, stdout: '' },
      stderr: `There is no log in ${dataDir}. Name the directory of the server: --data-dir DIR.\n`,
    });
    expect(existsSync(join(dataDir, 'signalbox.db'))).toBe(false);
    writeFileSync(join(dataDir, 'signalbox.db'), 'something else altogether, and longer than a head');
    const foreign = await signalbox(['export', '--data-dir', dataDir]);
    expect(foreign).toEqual({ code: 1, stdout: '', stderr: expect.stringContaining('is not a database') });
  });

  it('ends without a word when whoever reads it wants no more', async () => {
    const { dataDir } = await anExport(2_500);
    const stdout = new Writable({
      write: (_chunk, _encoding, done) => done(Object.assign(new Error('write EPIPE'), { code: 'EPIPE' })),
    });
    stdout.on('error', () => {});
    expect(await signalbox(['export', '--data-dir', dataDir], { stdout })).toEqual({ code: 0, stdout: '', stderr: '' });
  });

  it('waits for whoever reads it', async () => {
    const { dataDir, text } = await anExport(2_500);
    let [waiting, most] = [0, 0];
    const taken: Buffer[] = [];
    const stdout = new Writable({
      highWaterMark: 1,
      write: (chunk: Buffer, _encoding, done) => {
        waiting += 1;
        most = Math.max(most, waiting);
        void settle().then(() => {
          waiting -= 1;
          taken.push(chunk);
          done();
        });
      },
    });
    expect((await signalbox(['export', '--data-dir', dataDir], { stdout })).code).toBe(0);
    expect(Buffer.concat(taken).toString()).toBe(text);
    expect({ most, left: stdout.writableLength }).toEqual({ most: 1, left: 0 });
  });
});

describe('a target', () => {
  it('that has the log already is left as it is, and that is no failure', async () => {
    const server = await aServer();
    const { text, events, head } = await anExport(30);
    await signalbox(['import', ...at(server)], { input: text });
    const log = await openTarget(server);
    await log.append(aStream(), [anEvent()], 'no_stream');
    await log.close();

    expect(await signalbox(['import', ...at(server)], { input: text })).toEqual({
      ...{ code: 0, stdout: '' },
      stderr: `There is nothing to do: ${events.length} events of log log-of-the-test, up to position ${head}, were imported before.\n`,
    });
    expect((await readTarget(server)).events.slice(0, -1)).toEqual(events);
  });

  it('that has the log as it was before the source went on is refused', async () => {
    const server = await aServer();
    const { dataDir, text, head } = await anExport(30);
    await signalbox(['import', ...at(server)], { input: text });
    const log = await openSource(dataDir);
    await log.append(aStream(), [anEvent()], 'no_stream');
    await log.close();
    const { stdout } = await signalbox(['export', '--data-dir', dataDir]);
    expect(await signalbox(['import', ...at(server)], { input: stdout })).toEqual({
      ...{ code: 1, stdout: '' },
      stderr: `Log log-of-the-test was imported when its last position was below ${head + 1}, and has been written to since, here or there. Import it into an empty EventStoreDB.\n`,
    });
  });

  it('that has another log is refused', async () => {
    const server = await aServer();
    const { text } = await anExport(5);
    await (await openTarget(server)).close();
    const refused = await signalbox(['import', ...at(server)], { input: text });
    expect(refused).toEqual({ code: 1, stdout: '', stderr: expect.stringContaining('holds log another log already') });
    expect((await readTarget(server)).events).toEqual([]);
  });

  it('that is away is told, without its password', async () => {
    const server = await aServer();
    const { text } = await anExport(5);
    await server.close();
    const url = server.url.replace('esdb://', 'esdb://admin:changeit@');
    const refused = await signalbox(['import', '--eventstoredb', url], { input: text });
    expect(refused).toEqual({ code: 1, stdout: '', stderr: expect.stringContaining('EventStoreDB') });
    expect(refused.stderr).not.toContain('changeit');
  });
});

it('plain compares bytes by their value', () => {
  const event = {
    ...anEvent(),
    stream: aStream(),
    revision: 0,
    position: 1,
    recordedAt: 1,
    hash: null,
    previousHash: null,
  };
  expect(plain([{ ...event, data: Buffer.from([1]) }])).toEqual(plain([{ ...event, data: Uint8Array.of(1) }]));
  expect(plain([{ ...event, data: Buffer.from([1]) }])).not.toEqual(plain([{ ...event, data: Uint8Array.of(2) }]));
});
