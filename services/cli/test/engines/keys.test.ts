import { join } from 'node:path';
import { openSqliteKeyStore } from '@signalbox/log-sqlite';
import { systemTimers } from '@signalbox/runtime';
import { startOwnRedis } from '@signalbox/testing/engines';
import type {} from '@signalbox/testing/engines/setup';
import { exportKeys } from '@signalbox/vault';
import { connectRedis, redisKeyStore } from '@signalbox/views-redis';
import { expect, inject, it, onTestFinished } from 'vitest';
import { aDirectory, signalbox } from '../fixtures.ts';

/** A Redis of the test's own, to be set up at will. */
const ownRedis = async () => {
  const found = await startOwnRedis();
  if (found.kind === 'missing') throw new Error(found.reason);
  onTestFinished(() => found.stop());
  return found;
};

it.skipIf(inject('redisUrl') === null)(
  'keys go from a standalone server to the Redis of a stack and back, once that is set up for keys',
  async () => {
    const engine = await ownRedis();
    const [from, back] = [aDirectory(), aDirectory()];
    const source = await openSqliteKeyStore({ path: join(from, 'keys.db') });
    await source.addEpoch({ id: 'm1', startsAt: 0, endsAt: 1, wrapped: 'a wrapped key' });
    await source.addDataKeys(
      'm1',
      Array.from({ length: 2_000 }, (_, index) => ({
        id: `m1.${String(index).padStart(4, '0')}`,
        wrapped: `wrapped ${index}`,
      })),
    );
    await source.close();
    const { stdout: exported } = await signalbox(['keys', 'export', '--data-dir', from]);

    const env = { SIGNALBOX_KEYS_URL: engine.url, SIGNALBOX_NAMESPACE: 'a-stack' };
    expect(await signalbox(['keys', 'import'], { env, input: exported })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('The Redis of the keys has appendfsync “everysec”'),
    });
    const redis = await connectRedis({ url: engine.url, namespace: 'a-stack', instance: 'the test' });
    await redis.send('CONFIG', 'SET', 'appendfsync', 'always');
    const done = { code: 0, stdout: '', stderr: 'Imported 1 epoch with 2,000 keys.\n' };
    expect(await signalbox(['keys', 'import'], { env, input: exported })).toEqual(done);
    expect(await signalbox(['keys', 'import', '--keys', engine.url], { env, input: exported }), 'again').toEqual(done);
    const store = redisKeyStore({ redis, after: systemTimers.after });
    expect(await store.epochs()).toEqual([
      { id: 'm1', startsAt: 0, endsAt: 1, wrapped: 'a wrapped key', dataKeys: 2_000 },
    ]);
    expect((await Array.fromAsync(exportKeys(store))).length).toBeGreaterThan(1);
    await store.close();

    const { stdout: again } = await signalbox(['keys', 'export'], { env });
    expect(await signalbox(['keys', 'import', '--data-dir', back], { input: again })).toEqual(done);
    const restored = await openSqliteKeyStore({ path: join(back, 'keys.db') });
    expect(await restored.find(['m1.0007', 'm1.1999'])).toEqual([
      { wrapped: 'wrapped 7', epoch: 'a wrapped key' },
      { wrapped: 'wrapped 1999', epoch: 'a wrapped key' },
    ]);
    await restored.close();
  },
  60_000,
);
