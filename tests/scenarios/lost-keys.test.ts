import { copyFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { until } from '@signalbox/testing';
import { describe, expect, it } from 'vitest';
import { newTag, newTokenCaller, sdpOf, v1 } from '../support/client.ts';
import { spawnServer, startServer, temporaryDirectory } from '../support/server.ts';

const served = async (): Promise<string> => {
  const dataDir = temporaryDirectory();
  const server = await startServer({ dataDir });
  await newTokenCaller(server);
  await server.stop();
  return dataDir;
};

const startAndFail = async (dataDir: string) => {
  const { end, exited, output } = spawnServer({ SIGNALBOX_PORT: '0', SIGNALBOX_DATA_DIR: dataDir });
  const tooLong = setTimeout(() => void end('SIGKILL'), 20_000);
  const { code } = await exited;
  clearTimeout(tooLong);
  return { code, output: output() };
};

describe('a server whose keys are gone', () => {
  it('does not start with an empty key store in the place of the lost one, however often it is tried', async () => {
    const dataDir = await served();
    for (const suffix of ['', '-wal', '-shm']) rmSync(join(dataDir, `keys.db${suffix}`), { force: true });
    for (const _ of [1, 2]) {
      const { code, output } = await startAndFail(dataDir);
      expect(output).toMatch(/key store is empty, but the log holds sealed events.*backup/s);
      expect(code).toBe(1);
    }
  });

  it('says so when it is given a key store from before what it holds', async () => {
    const dataDir = await served();
    const keys = join(dataDir, 'keys.db');
    copyFileSync(keys, `${keys}.old`);
    // More than the keys that were made ahead.
    await using first = await startServer({ dataDir });
    const by = await newTokenCaller(first);
    const offers = Array.from({ length: 100 }, () => ({ sdp: sdpOf('offer') }));
    for (let batch = 0; batch < 3; batch++) {
      expect((await v1(first, by).publish({ tags: [newTag()], offers })).status).toBe(201);
    }
    await first.stop();
    copyFileSync(`${keys}.old`, keys);
    for (const suffix of ['-wal', '-shm']) rmSync(keys + suffix, { force: true });
    await using second = await startServer({ dataDir });
    // What a process logs may arrive after what it says.
    const told = /"level":"error".*the key store is older than the log/;
    await until('it is told', () => told.test(second.output()));
    // What was sealed since can't be read, and the rest is served.
    expect(
      (await v1(second, await newTokenCaller(second)).publish({ tags: ['a'], offers: [{ sdp: 'v=0' }] })).status,
    ).toBe(201);
  });

  it('names the master key that is missing, and what to do', async () => {
    const dataDir = await served();
    rmSync(join(dataDir, 'keys', 'master.key'));
    const { code, output } = await startAndFail(dataDir);
    expect(output).toMatch(/needs a master key that is not given: \S{11}\. Add it to SIGNALBOX_MASTER_KEYS/);
    expect(code).toBe(1);
  });
});
