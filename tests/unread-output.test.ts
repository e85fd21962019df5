import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { openSync } from 'node:fs';
import { createServer } from 'node:net';
import { until } from '@signalbox/testing';
import { request } from 'undici';
import { describe, expect, it, onTestFinished } from 'vitest';
import { root, node as runner, temporaryDirectory } from './support/process.ts';
import { usualEnv } from './support/server.ts';

/** Nobody may be able to read where the server listens, so it is told. */
const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { readonly port: number };
  server.close();
  await once(server, 'close');
  return port;
};

const start = async (out: 'pipe' | number): Promise<{ readonly child: ChildProcess; readonly url: string }> => {
  const port = await freePort();
  const child = spawn(runner, ['services/standalone/src/main.ts'], {
    cwd: root,
    env: {
      ...{ PATH: process.env.PATH, ...usualEnv },
      // Every request is told of, so that there is something to lose.
      ...{ SIGNALBOX_LOG_LEVEL: 'debug', SIGNALBOX_PORT: String(port), SIGNALBOX_DATA_DIR: temporaryDirectory() },
    },
    stdio: ['ignore', out, out],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  await until('it serves', () => isServing(url), { withinMs: 30_000 });
  return { child, url };
};

const isServing = (url: string) =>
  request(`${url}/live`).then(
    async ({ statusCode, body }) => {
      await body.dump();
      return statusCode === 200;
    },
    () => false,
  );

/** More than the pipes and the logger hold. */
const beTalkative = async (url: string) => {
  for (let times = 0; times < 500; times++) expect(await isServing(url)).toBe(true);
};

const stopped = async (child: ChildProcess) => {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  return await exited;
};

describe('a server whose output goes nowhere', () => {
  it('ends when it is told to, right after its reader has gone', async () => {
    const { child } = await start('pipe');
    child.stdout?.destroy();
    child.stderr?.destroy();
    expect(await stopped(child)).toEqual([0, null]);
  });

  it('serves on after its reader has gone, and ends when it is told to', async () => {
    const { child, url } = await start('pipe');
    child.stdout?.destroy();
    child.stderr?.destroy();
    await beTalkative(url);
    expect(await stopped(child)).toEqual([0, null]);
  });

  it.runIf(process.platform === 'linux')('serves while the disk of its log file is full, and ends', async () => {
    const { child, url } = await start(openSync('/dev/full', 'w'));
    await beTalkative(url);
    expect(await stopped(child)).toEqual([0, null]);
  });
});
