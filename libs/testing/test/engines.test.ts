import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, expect, it, onTestFinished } from 'vitest';
import { startKafka, startRedis, summaryOf } from '../src/engines/index.ts';
import { processEngine } from '../src/engines/process.ts';
import { ask, freePort } from '../src/engines/sockets.ts';
import { until } from '../src/index.ts';

/** Answers with what is in a file, which it writes again, one longer, each time it starts. */
const SERVER = `
  const { existsSync, readFileSync, writeFileSync } = require('node:fs');
  const starts = existsSync('starts') ? readFileSync('starts', 'utf8') + '|' : '|';
  writeFileSync('starts', starts);
  require('node:net').createServer((socket) => socket.on('data', () => socket.write(starts)))
    .listen(Number(process.argv[1]), '127.0.0.1');
`;

const aFolder = () => mkdtemp(join(tmpdir(), 'signalbox-engine-'));

const exists = (path: string) =>
  access(path).then(
    () => true,
    () => false,
  );

const aServer = async () => {
  const folder = await aFolder();
  const port = await freePort();
  const address = `127.0.0.1:${port}`;
  const says = async () => (await ask(address, 'what?')).toString();
  const engine = await processEngine({
    address,
    description: 'a server of this test',
    program: process.execPath,
    args: ['-e', SERVER, String(port)],
    folder,
    ready: async () => (await says()) !== '',
  });
  onTestFinished(engine.stop);
  return { engine, folder, says };
};

describe('an engine that is a process', () => {
  it('is killed and comes back under its address with its data', async () => {
    const { engine, folder, says } = await aServer();
    expect(await says()).toBe('|');
    await engine.kill();
    await expect(says()).rejects.toThrow('ECONNREFUSED');
    await engine.start();
    expect(await says()).toBe('||');
    await engine.restart();
    expect(await says()).toBe('|||');
    expect(await readFile(join(folder, 'starts'), 'utf8')).toBe('|||');
  });

  it('stands still and goes on', async () => {
    const { engine, says } = await aServer();
    await engine.pause();
    await expect(says()).rejects.toThrow('did not answer');
    await engine.resume();
    expect(await says()).toBe('|');
  });

  it('is gone with its data when it is stopped, also while it stands still', async () => {
    const { engine, folder, says } = await aServer();
    await engine.pause();
    await engine.stop();
    await expect(says()).rejects.toThrow('ECONNREFUSED');
    expect(await exists(folder)).toBe(false);
  });

  it('says why it did not start', async () => {
    const folder = await aFolder();
    const starting = processEngine({
      address: '127.0.0.1:1',
      description: 'a server of this test',
      program: process.execPath,
      args: ['-e', 'throw new Error("no such setting")'],
      folder,
      ready: () => Promise.resolve(false),
    });
    await expect(starting).rejects.toThrow(/a server of this test ended while starting: .*no such setting/s);
    expect(await exists(folder)).toBe(false);
  });

  it('does not outlive the process that started it, however that ends', async () => {
    const folder = await aFolder();
    const port = await freePort();
    const starter = join(folder, 'starter.ts');
    const engines = new URL('../src/engines/', import.meta.url);
    await writeFile(
      starter,
      `import { processEngine } from '${engines}process.ts';
       import { ask } from '${engines}sockets.ts';
       await processEngine({
         address: '127.0.0.1:${port}', description: 'a server', program: process.execPath,
         args: ['-e', ${JSON.stringify(SERVER)}, '${port}'], folder: '${folder}',
         ready: async () => (await ask('127.0.0.1:${port}', 'what?')).length > 0,
       });
       process.stdout.write('started\\n');
       process.stdin.resume();`,
    );
    const child = spawn(process.execPath, [starter], { stdio: ['pipe', 'pipe', 'inherit'] });
    const [line] = await once(createInterface(child.stdout), 'line');
    expect(line).toBe('started');
    child.kill('SIGKILL');
    const refused = () =>
      ask(`127.0.0.1:${port}`, 'what?').then(
        () => false,
        ({ code }) => code === 'ECONNREFUSED',
      );
    await until('the server is gone', refused);
    await until('its data is gone', async () => !(await exists(folder)));
  });
});

describe('an engine that somebody else runs', () => {
  it('is found by the environment and left alone', async () => {
    const kafka = await startKafka({ SIGNALBOX_TEST_KAFKA: 'broker-1:9092,broker-2:9092' });
    const redis = await startRedis({ SIGNALBOX_TEST_REDIS: 'cache:6379' });
    expect(kafka).toMatchObject({
      kind: 'real',
      address: 'broker-1:9092,broker-2:9092',
      brokers: ['broker-1:9092', 'broker-2:9092'],
      description: 'Kafka at broker-1:9092,broker-2:9092',
    });
    expect(redis).toMatchObject({
      kind: 'real',
      address: 'cache:6379',
      url: 'redis://cache:6379',
      description: 'Redis at cache:6379',
    });
    if (kafka.kind !== 'real') return;
    for (const harm of [kafka.kill, kafka.start, kafka.restart, kafka.pause, kafka.resume]) {
      await expect(harm()).rejects.toThrow("Kafka at broker-1:9092,broker-2:9092 is not this test's to stop");
    }
    await expect(kafka.stop()).resolves.toBeUndefined();
  });
});

describe('the summary of a run', () => {
  it('says plainly what was real, what was a double and what was skipped', () => {
    expect(
      summaryOf({
        Kafka: { kind: 'real', description: 'Apache Kafka 4.1.1 from Maven on 127.0.0.1:9092' },
        Redis: { kind: 'missing', reason: 'no Redis: no Docker engine answers' },
        EventStoreDB: { kind: 'double', description: 'the protocol server of this repository' },
      }),
    ).toBe(
      [
        'Kafka: real, Apache Kafka 4.1.1 from Maven on 127.0.0.1:9092',
        'Redis: SKIPPED, no Redis: no Docker engine answers',
        'EventStoreDB: a double, the protocol server of this repository',
      ].join('\n'),
    );
  });
});
