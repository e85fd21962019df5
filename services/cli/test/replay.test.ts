import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DomainEvent } from '@signalbox/domain';
import { createEventCodec } from '@signalbox/event-schemas';
import { streamName } from '@signalbox/event-sourcing';
import { openSqliteKeyStore, openSqliteLog } from '@signalbox/log-sqlite';
import { answered, fakeClock, metadata, offered, sdpOffer, seededChance, t0, withdrawn } from '@signalbox/testing';
import { createVault, exportedKeys, exportKeys } from '@signalbox/vault';
import { describe, expect, it, onTestFinished } from 'vitest';
import { aDirectory, signalbox } from './fixtures.ts';

const MASTER_KEY = '11'.repeat(32);

/** The data of a server that has seen a call: published, answered a second later, withdrawn two minutes later. */
const aCall = async () => {
  const dataDir = aDirectory();
  const chance = seededChance(5);
  let now = t0;
  const log = await openSqliteLog({ path: join(dataDir, 'signalbox.db'), now: () => now, newLogId: () => 'log-1' });
  const store = await openSqliteKeyStore({ path: join(dataDir, 'keys.db') });
  const vault = createVault({
    ...{ store, chance, now: () => now, epochMs: 3_600_000 },
    masterKeys: [Buffer.from(MASTER_KEY, 'hex')],
  });
  const codec = createEventCodec(vault);
  const record = async (events: readonly DomainEvent[], actor: string) => {
    const stream = streamName('session', 's1');
    const before = await log.readStream(stream);
    const encoded = await codec.encode(stream, before.length, events, before[0]?.keyId ?? null);
    const rest = { metadata: metadata({ actor }), hash: null, previousHash: null };
    await log.append(
      stream,
      encoded.map((event) => ({ ...event, ...rest, id: chance.uuid() })),
      'any',
    );
  };
  await record([offered()], 'alice');
  now = t0 + 1_000;
  await record([answered()], 'bob');
  now = t0 + 121_000;
  await record([withdrawn({ withdrawnAt: now })], 'eve\u001b[31m');
  mkdirSync(join(dataDir, 'keys'));
  writeFileSync(join(dataDir, 'keys', 'master.key'), `${MASTER_KEY}\n`);
  const close = async () => {
    await log.close();
    await store.close();
  };
  return { dataDir, log, store, close };
};

const json = (stdout: string) => JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');

describe('signalbox replay', () => {
  it('says what the log comes to, the same each time and from an export too', async () => {
    const { dataDir, close } = await aCall();
    await close();
    const runs = [];
    for (let i = 0; i < 3; i++) runs.push(await signalbox(['replay', '--data-dir', dataDir]));
    expect(runs[0]).toEqual({
      ...{ code: 0, stderr: '' },
      stdout: expect.stringMatching(
        /^Replayed 3 events in 1 stream of log log-1, up to position 3, .*\n {10}1 {2}session\/withdrawn\nState hash [0-9a-f]{64}\n$/,
      ),
    });
    expect(runs[1]).toEqual(runs[0]);
    expect(runs[2]).toEqual(runs[0]);
    const file = join(aDirectory(), 'log.ndjson');
    await signalbox(['export', '--data-dir', dataDir, '--out', file]);
    const exported = await signalbox(['replay', '--export', file, '--data-dir', dataDir]);
    expect(exported).toEqual(runs[0]);
    const sealed = await signalbox(['replay', '--export', file]);
    expect(sealed.stdout).toContain(
      '3 events could not be read (they are not in an export). The hash is that of the rest.',
    );
  });

  it('ends at the moment that was asked for', async () => {
    const { dataDir, close } = await aCall();
    await close();
    const at = async (...moment: readonly string[]) =>
      json((await signalbox(['replay', '--data-dir', dataDir, '--json', ...moment])).stdout);
    expect(await at('--until', String(t0 - 1))).toMatchObject({ position: 0, events: 0, counts: {} });
    expect(await at('--until', new Date(t0).toISOString())).toMatchObject({
      position: 1,
      counts: { 'session/open': 1 },
    });
    expect(await at('--until', String(t0 + 120_999))).toMatchObject({ counts: { 'session/answered': 1 } });
    expect(await at('--position', '2')).toEqual(await at('--until', String(t0 + 120_999)));
    expect(await at()).toMatchObject({ log: 'log-1', position: 3, at: t0 + 121_000, unreadable: 0 });
  });

  it('goes on beside a server that runs, and says that the keys are with it', async () => {
    const { dataDir, close } = await aCall();
    onTestFinished(close);
    const { code, stdout } = await signalbox(['replay', '--data-dir', dataDir]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/3 events could not be read \(The key store .* is in use/);
    expect(stdout).toContain('session/unreadable');
  });

  it('opens what is sealed with exported keys, beside a server that runs and from an export of the log', async () => {
    const { dataDir, store, close } = await aCall();
    const file = join(aDirectory(), 'keys.ndjson');
    writeFileSync(file, await Array.fromAsync(exportedKeys(exportKeys(store)).lines).then((lines) => lines.join('')));
    const opened = await signalbox(['replay', '--data-dir', dataDir, '--keys', file]);
    expect(opened).toMatchObject({ code: 0, stdout: expect.stringContaining('1  session/withdrawn') });
    expect(opened.stdout).not.toContain('could not be read');
    const log = join(aDirectory(), 'log.ndjson');
    await close();
    expect((await signalbox(['replay', '--data-dir', dataDir])).stdout).toBe(opened.stdout);
    await signalbox(['export', '--data-dir', dataDir, '--out', log]);
    const env = { SIGNALBOX_DATA_DIR: aDirectory(), SIGNALBOX_MASTER_KEYS: MASTER_KEY };
    expect(await signalbox(['replay', '--export', log, '--keys', file], { env })).toEqual(opened);
  });

  it('fails where the keys that were named open nothing', async () => {
    const { dataDir, store, close } = await aCall();
    onTestFinished(close);
    const file = join(aDirectory(), 'keys.ndjson');
    const lines = await Array.fromAsync(exportedKeys(exportKeys(store)).lines);
    writeFileSync(file, lines.join(''));
    const cut = join(aDirectory(), 'cut.ndjson');
    writeFileSync(cut, lines.slice(0, -1).join(''));
    const master = { SIGNALBOX_MASTER_KEYS: MASTER_KEY };
    for (const [args, env, said] of [
      [['--keys', file], { SIGNALBOX_DATA_DIR: aDirectory() }, 'no master key is known: see SIGNALBOX_MASTER_KEYS'],
      [['--keys', `${file}.not`], {}, 'There is no file'],
      [['--keys', cut], master, 'The export ends too early'],
      [['--keys', file], { SIGNALBOX_MASTER_KEYS: '22'.repeat(32) }, 'is not given: see SIGNALBOX_MASTER_KEYS.'],
    ] as const) {
      const ran = await signalbox(['replay', ...args], { env: { SIGNALBOX_DATA_DIR: dataDir, ...env } });
      expect(ran).toEqual({ code: 1, stdout: '', stderr: expect.stringContaining(said) });
    }
  });

  it('tells events as fast as it is asked to, without what could harm a terminal or tells an address', async () => {
    const { dataDir, close } = await aCall();
    await close();
    const clock = fakeClock(0);
    const waits: number[] = [];
    const timers = {
      ...clock,
      after: (ms: number, call: () => void) => {
        waits.push(ms);
        queueMicrotask(call);
        return () => undefined;
      },
    };
    const { stdout } = await signalbox(['replay', '--data-dir', dataDir, '--speed', '100x'], { timers });
    // 1 s and 120 s, a hundred times as fast.
    expect(waits).toEqual([10, 1_200]);
    const lines = stdout.split('\n');
    expect(lines[0]).toMatch(
      /^2023-11-14 22:13:20\.000 {5}\+0\.000 s {2}OfferPublished {7}alice .* tags chat, de; \d+ bytes$/,
    );
    expect(lines[2]).toMatch(/\+121\.000 s {2}SessionWithdrawn {5}eve·\[31m/);
    expect(stdout).not.toContain('\u001b');
    expect(stdout).not.toContain(sdpOffer.slice(0, 12));

    const terminal = { timers, isTerminal: { stdin: true, stdout: true, stderr: false } };
    const coloured = await signalbox(['replay', '--data-dir', dataDir, '--speed', '1000x'], terminal);
    expect(coloured.stdout).toContain('\u001b[36mOfferPublished');
    const plain = await signalbox(['replay', '--data-dir', dataDir, '--speed', '1000x'], {
      ...terminal,
      env: { NO_COLOR: '1' },
    });
    expect(plain.stdout).toBe(stdout);
  });

  it.each([
    [['--until', 'yesterday'], '--until needs a time'],
    [['--position', 'first'], '--position needs a position'],
    [['--speed', 'fast'], '--speed needs how many times as fast'],
    [['--speed', '0x'], '--speed needs how many times as fast'],
    [['--until', '1', '--position', '1'], 'Name one moment'],
  ])('%j is wrong usage', async (args, said) => {
    const wrong = await signalbox(['replay', ...args]);
    expect(wrong).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining(said) });
  });

  it('fails where there is no log', async () => {
    const { code, stderr } = await signalbox(['replay', '--data-dir', aDirectory()]);
    expect({ code, stderr }).toEqual({ code: 1, stderr: expect.stringContaining('There is no log in') });
  });
});
