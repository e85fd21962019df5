import { until } from '@signalbox/testing';
import { startOwnEventStoreDb, startOwnRedis } from '@signalbox/testing/engines';
import { expect, it, onTestFinished } from 'vitest';
import { type CanaryCall, callWithCanaries, canariesIn, filesIn, whatIsTold } from '../support/canaries.ts';
import { bearer, send, v1 } from '../support/client.ts';
import { spawnService } from '../support/process.ts';
import { roles, stackKeys } from '../support/stack.ts';
import { contentsOf } from './support/contents.ts';
import { tellRedis } from './support/redis.ts';
import { ownKafka, type Stack, startFaultStack } from './support/stack.ts';

const admin = bearer('admin', stackKeys.SIGNALBOX_ADMIN_KEYS);

/** A stack on servers of its own, whose files can be looked at. As in production, read models are in memory alone. */
const startWatchedStack = async (env: Readonly<Record<string, string>> = {}) => {
  const [redis, kafka, eventStore] = [
    await startOwnRedis({ inMemory: true }),
    await ownKafka(),
    await startOwnEventStoreDb(),
  ];
  if (redis.kind === 'missing') throw new Error(redis.reason);
  const stack = await startFaultStack({
    ...{ redisUrl: redis.url, kafkaBrokers: kafka.brokers, eventStoreDbUrl: eventStore.url, env },
  });
  onTestFinished(async () => {
    await stack[Symbol.asyncDispose]();
    await Promise.all([redis, kafka, eventStore].map((engine) => engine.stop()));
  });
  const keysUrl = stack.env.SIGNALBOX_KEYS_URL ?? '';
  const [, keysFolder] = (await tellRedis(keysUrl, 'CONFIG', 'GET', 'dir')) as readonly [string, string];
  const folders = [redis.folder, kafka.folder, eventStore.folder, keysFolder].filter((folder) => folder !== null);
  expect(folders, 'where all of them keep their files').toHaveLength(4);

  const metricsOf = async (role: (typeof roles)[number]) => {
    const target = { url: stack.one(role).url, dispatcher: stack.dispatcher };
    return Buffer.from((await send(target, admin, { method: 'GET', path: '/metrics' })).text);
  };
  return {
    stack,
    /** What is written anywhere: files, and what the processes say. */
    written: async () => [
      ...folders.flatMap(filesIn),
      ...roles.map((role) => [`what the ${role} says`, Buffer.from(stack.one(role).output())] as const),
      ...(await Promise.all(roles.map(async (role) => [`metrics of the ${role}`, await metricsOf(role)] as const))),
    ],
    /** What is in memory that is asked over the network. */
    kept: async () => [...(await contentsOf(redis.url)), ...(await contentsOf(keysUrl))],
    expectIntact: async () => {
      const { exited, output } = spawnService(
        'services/cli/src/main.ts',
        { ...stackKeys, SIGNALBOX_NAMESPACE: stack.namespace },
        ['verify', '--eventstoredb', eventStore.url, '--json'],
      );
      expect([(await exited).code, output()]).toEqual([0, expect.stringContaining('"intact":true')]);
    },
  };
};

type Entries = { readonly entries: readonly { readonly type: string; readonly readable: boolean }[] };

const timelineOf = async (stack: Stack, { id }: CanaryCall) => {
  const { status, text, body } = await v1(stack, admin).get<Entries>(`/v1/audit/sessions/${id}`);
  return { status, text, types: body.entries?.map(({ type }) => type) ?? [] };
};

const told = async (stack: Stack, call: CanaryCall) =>
  [
    ['the API', Buffer.from(await whatIsTold(stack, call))],
    ['the timeline', Buffer.from((await timelineOf(stack, call)).text)],
  ] as const;

const untilShown = (stack: Stack, call: CanaryCall) =>
  until('everything is shown', async () => {
    const seen = canariesIn(call.canaries, [['the API', Buffer.from(await whatIsTold(stack, call))]]);
    return seen.length === call.canaries.size - 2; // what was held, and the secret
  });

it('nothing private is in any file of the stack, and nowhere at all after an erasure', async () => {
  const { stack, written, kept, expectIntact } = await startWatchedStack();
  const call = await callWithCanaries(stack);
  await untilShown(stack, call);
  const places = await written();
  expect(
    places.some(([, bytes]) => bytes.includes(call.id)),
    'the files hold what is not private',
  ).toBe(true);
  expect(canariesIn(call.canaries, places)).toEqual([]);
  expect(canariesIn(call.canaries, await kept()), 'memory holds what is alive').not.toEqual([]);

  const body = { identity: call.alice.identity };
  const erased = await send(stack, admin, { method: 'POST', path: '/v1/admin/erasures', body });
  expect([erased.status, erased.body]).toMatchObject([201, { sessions: 1, credentials: 1 }]);
  await until(
    'nothing is shown',
    async () => (await v1(stack, call.bob).get(`/v1/sessions/${call.id}`)).status === 404,
  );
  const left = [...(await written()), ...(await kept()), ...(await told(stack, call))];
  expect(canariesIn(call.canaries, left)).toEqual([]);
  expect((await timelineOf(stack, call)).types).toEqual(expect.arrayContaining(['OfferPublished', 'SessionRedacted']));
  await expectIntact();
});

it('nothing private is anywhere in the stack after the retention', async () => {
  const { stack, written, kept, expectIntact } = await startWatchedStack({
    ...{
      SIGNALBOX_OFFER_DEFAULT_TTL_MS: '6000',
      SIGNALBOX_OFFER_MAX_TTL_MS: '6000',
      SIGNALBOX_ANSWERED_TTL_MS: '6000',
    },
    ...{ SIGNALBOX_ENDED_RETENTION_MS: '500', SIGNALBOX_SWEEP_INTERVAL_MS: '500' },
    ...{ SIGNALBOX_KEY_EPOCH_MS: '1000', SIGNALBOX_RETENTION_MS: '12500' },
  });
  const whole = await callWithCanaries(stack);
  const call = { ...whole, canaries: new Map([...whole.canaries].filter(([what]) => what !== 'the secret')) };
  await until(
    'the session is redacted',
    async () => (await timelineOf(stack, call)).types.includes('SessionRedacted'),
    { withinMs: 90_000, everyMs: 200 },
  );
  await until('its keys are forgotten', async () => canariesIn(call.canaries, await told(stack, call)).length === 0);
  expect(canariesIn(call.canaries, [...(await written()), ...(await kept())])).toEqual([]);
  const ended = await v1(stack, admin).get<{ readonly events: readonly unknown[] }>(
    '/v1/audit/events?type=EpochKeyDestroyed',
  );
  expect(ended.body.events.length).toBeGreaterThan(0);
  await expectIntact();
});
