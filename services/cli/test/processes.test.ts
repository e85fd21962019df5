import { rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { beginImport } from '@signalbox/log-eventstoredb';
import { systemChance, systemTimers } from '@signalbox/runtime';
import { until } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import {
  aDirectory,
  anEvent,
  anExport,
  aServer,
  aStream,
  everything,
  openSource,
  plain,
  readTarget,
  signalbox,
} from './fixtures.ts';
import { main, shell, start } from './processes.ts';

it('an import that is killed again and again goes on each time, and the log is whole in the end', async () => {
  const server = await aServer();
  const { dataDir, events, head } = await anExport(600);
  const file = join(aDirectory(), 'log.ndjson');
  expect((await signalbox(['export', '--data-dir', dataDir, '--out', file])).code).toBe(0);
  const args = ['import', '--in', file, '--eventstoredb', server.url];

  /** How far the target has come, as another import of the same log would find it; 0 when none was begun. */
  const reached = async () => {
    const { url } = server;
    const own = { url, logId: 'log-of-the-test', head, timers: systemTimers, chance: systemChance };
    const one = await beginImport(own);
    await one.close();
    return one.resumedAt;
  };

  let before = 0;
  for (const step of [1, 40, 150, 90]) {
    server.faults.delayAppends(4);
    const killed = start(args);
    before = await until(
      `${step} more positions are there`,
      async () => {
        const now = await reached();
        return now >= before + step ? now : 0;
      },
      { withinMs: 60_000 },
    );
    expect(await killed.kill9()).toMatchObject({ code: -1, stdout: '', stderr: '' });
    expect(before, 'it was killed half-way').toBeLessThan(head);
  }
  server.faults.delayAppends(0);
  const last = await start(args).ended;
  expect(last).toMatchObject({ code: 0, stdout: '', stderr: expect.stringMatching(/It went on after position \d+\./) });
  expect(Number(/after position (\d+)/.exec(last.stderr)?.[1])).toBeGreaterThanOrEqual(before);
  expect(await readTarget(server)).toEqual({ id: 'log-of-the-test', head, events });
  expect(await start(args).ended, 'once more').toMatchObject({ code: 0, stderr: /^There is nothing to do/ });
}, 180_000);

it('a log that is larger than the memory of the processes goes through them', async () => {
  const server = await aServer();
  const dataDir = aDirectory();
  const log = await openSource(dataDir);
  const data = new Uint8Array(2_400).fill(0x78);
  const streams = [aStream(), aStream(), aStream()];
  for (let turn = 0; turn < 400; turn++) {
    const some = Array.from({ length: 50 }, () => anEvent({ data }));
    await log.append(streams[turn % streams.length]!, some, 'any');
  }
  const events = plain(await everything(log));
  await log.close();
  const file = join(aDirectory(), 'log.ndjson');
  const heap = ['--max-old-space-size=48'];

  const exported = await start(['export', '--data-dir', dataDir, '--out', file], heap).ended;
  expect(exported).toEqual({
    code: 0,
    stdout: '',
    stderr: 'Exported 20,000 events of log log-of-the-test, up to position 20000.\n',
  });
  expect(statSync(file).size, 'more than the heap may grow to').toBeGreaterThan(60 << 20);
  const imported = await start(['import', '--in', file, '--eventstoredb', server.url], heap).ended;
  expect(imported).toMatchObject({ code: 0, stdout: '', stderr: /^Imported 20,000 events/ });
  const target = await readTarget(server);
  expect(target.head).toBe(20_000);
  expect(target.events).toEqual(events);
}, 180_000);

describe('the examples of the help', () => {
  /** The examples as printed; only how the command is called in a clone is put in its place. */
  const examples = async (command: string) =>
    (await signalbox([command, '--help'])).stdout
      .split('\n')
      .filter((line) => line.startsWith('  ') && line.includes('npm run --silent signalbox -- '))
      .map((line) => line.trim().replaceAll('npm run --silent signalbox --', `"${process.execPath}" "${main}"`));

  it('of export and import work as they are printed', async () => {
    const { dataDir, events, head } = await anExport(100);
    const ofWholeLogs = (await examples('export')).filter((line) => !line.includes('--session'));
    const [toFile, zipped, piped] = ofWholeLogs;
    const [fromFile, unzipped, both] = await examples('import');
    expect(both).toBe(piped);
    // The names of the files are those of the examples, in a directory of the test's own.
    const directory = aDirectory();
    const inPlace = (line = '') => line.replaceAll('signalbox.ndjson', `${directory}/signalbox.ndjson`);
    const run = async (line: string | undefined) => {
      const server = await aServer();
      const env = { SIGNALBOX_DATA_DIR: dataDir, SIGNALBOX_EVENTSTOREDB_URL: server.url };
      const ran = await shell(inPlace(line).replace('esdb://127.0.0.1:2113?tls=false', server.url), env);
      expect(ran, ran.stderr).toMatchObject({ code: 0, stdout: '' });
      return server;
    };
    await run(toFile);
    await run(zipped);
    for (const line of [fromFile, unzipped, piped]) {
      expect(await readTarget(await run(line))).toEqual({ id: 'log-of-the-test', head, events });
    }
    rmSync(directory, { recursive: true });
  }, 120_000);

  it('a reader that leaves early ends the export without a complaint', async () => {
    const { dataDir } = await anExport(2_500);
    const ran = await shell(`"${process.execPath}" "${main}" export --data-dir "${dataDir}" | head -n 1`, {});
    expect(ran).toEqual({ code: 0, stdout: expect.stringMatching(/^\{"kind":"log".*\}\n$/), stderr: '' });
  });
});
