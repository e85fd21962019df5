import {
  checkProof,
  isConsistent,
  openCheckpoint,
  type ProofBundle,
  rootFromInclusion,
  verifierKey,
} from '@signalbox/evidence';
import { until } from '@signalbox/testing';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MadeCall, makeCalls, shortLives } from '../support/calls.ts';
import { bearer, newTag, newTokenCaller, publishOne, send, type V1Client, v1 } from '../support/client.ts';
import { spawnService } from '../support/process.ts';
import { stackKeys, startInstance } from '../support/stack.ts';
import { metricOf } from './support/metrics.ts';
import { type Stack, startFaultStack } from './support/stack.ts';

const [oldKey, newKey] = [stackKeys.SIGNALBOX_MASTER_KEYS, 'd1'.repeat(32)];
const admin = bearer('admin', stackKeys.SIGNALBOX_ADMIN_KEYS);

let stack: Stack;
let audit: V1Client;
let calls: Readonly<Record<string, MadeCall>>;
beforeAll(async () => {
  stack = await startFaultStack({
    ofTest: false,
    more: ['scheduler', 'gateway', 'query', 'command', 'projector'],
    // So many processes share the machine that a step of a call may take a second.
    env: { ...shortLives, SIGNALBOX_ANSWERED_TTL_MS: '15000', SIGNALBOX_MASTER_KEYS: `${oldKey},${newKey}` },
  });
  audit = v1(stack, admin);
  calls = await makeCalls(stack, 6_000);
}, 180_000);
afterAll(() => stack[Symbol.asyncDispose]());

type Entry = { readonly eventId: string; readonly type: string; readonly at: number; readonly revision: number };
type Timeline = {
  readonly entries: readonly Entry[];
  readonly verdict: { readonly cause: string; readonly sentence: string };
};
type Events = { readonly events: readonly (Entry & { readonly payload: object })[] };
type Found = { readonly sessions: readonly { readonly sessionId: string }[]; readonly stateHash: string };
type Checkpoints = {
  readonly keys: readonly { readonly publicKey: string }[];
  readonly checkpoints: readonly {
    readonly size: number;
    readonly root: string;
    readonly position: number;
    readonly note: string;
  }[];
  readonly cursor: string | null;
};
type Proof = {
  readonly leafHash: string;
  readonly index: number;
  readonly size: number;
  readonly root: string;
  readonly hashes: readonly string[];
  readonly checkpoint: string;
};

const bytes = (hex: string) => Buffer.from(hex, 'hex');

const get = async <T>(path: string): Promise<T> => {
  const { status, body, text } = await audit.get<T>(path);
  if (status !== 200) throw new Error(`${path} was answered with ${status} ${text}`);
  return body;
};

const timelineOf = (id: string) => get<Timeline>(`/v1/audit/sessions/${id}`);

const publicKeys = async () =>
  (await get<Checkpoints>('/v1/audit/checkpoints')).keys.map(({ publicKey }) => verifierKey(publicKey));

const signalbox = async (...args: readonly string[]) => {
  const process = spawnService('services/cli/src/main.ts', stack.env, args);
  return { ...(await process.exited), said: process.output() };
};

describe('what several processes of each role record of calls', () => {
  it('tells of each why it came to nothing', async () => {
    const verdicts = () =>
      Promise.all(
        Object.values(calls).map(async ({ cause, sessionId }) => [cause, (await timelineOf(sessionId)).verdict.cause]),
      );
    const asMade = Object.keys(calls).map((cause) => [cause, cause]);
    let latest: unknown;
    await until(
      'every verdict is the right one',
      async () => {
        latest = await verdicts();
        return JSON.stringify(latest) === JSON.stringify(asMade);
      },
      { withinMs: 60_000, everyMs: 500 },
    ).catch(() => expect(latest).toEqual(asMade));
  });

  it('is found by what is known of a call', async () => {
    for (const { sessionId, tag, offerer, trace } of Object.values(calls)) {
      for (const query of [`tag=${tag}`, `identity=${offerer}`, `trace=${trace}`]) {
        const { sessions } = await get<Found>(`/v1/audit/sessions?${query}`);
        expect(sessions.map((one) => one.sessionId)).toEqual([sessionId]);
      }
    }
  });

  it('shows the past: of a session, and of what discovery showed', async () => {
    const { sessionId = '', tag = '' } = calls.withdrawn_after_answer ?? {};
    const { entries } = await timelineOf(sessionId);
    const at = (type: string) => entries.find((entry) => entry.type === type)?.at ?? 0;
    const stateAt = (time: number) =>
      get<{ readonly state: { readonly status: string }; readonly stateHash: string }>(
        `/v1/audit/sessions/${sessionId}/state?at=${time}`,
      );
    const statuses = ['OfferPublished', 'OfferAnswered', 'SessionWithdrawn'].map(async (type) => {
      const [one, again] = [await stateAt(at(type)), await stateAt(at(type))];
      expect(again.stateHash).toBe(one.stateHash);
      return one.state.status;
    });
    expect(await Promise.all(statuses)).toEqual(['open', 'answered', 'ended']);
    const shownAt = async (time: number) =>
      (await get<Found>(`/v1/audit/read-models/discovery?at=${time}&tag=${tag}`)).sessions.map((one) => one.sessionId);
    expect(await shownAt(at('OfferPublished'))).toEqual([sessionId]);
    expect(await shownAt(at('OfferAnswered'))).toEqual([]);
  });
});

describe('two notaries at once', () => {
  it('cover what is recorded within a second, so that it can be proven', async () => {
    const alice = v1(stack, await newTokenCaller(stack));
    const keys = await publicKeys();
    const delays: number[] = [];
    for (let turn = 0; turn < 5; turn++) {
      const id = await publishOne(alice, newTag());
      const [event] = (await timelineOf(id)).entries;
      const proof = await until('it is covered', async () => {
        const { status, body } = await audit.get<Proof>(`/v1/audit/events/${event?.eventId}/proof`);
        return status === 200 ? body : undefined;
      });
      const root = rootFromInclusion(bytes(proof.leafHash), proof.index, proof.size, proof.hashes.map(bytes));
      expect(Buffer.from(root ?? []).toString('hex')).toBe(proof.root);
      const checkpoint = openCheckpoint(proof.checkpoint, keys);
      if (typeof checkpoint === 'string') throw new Error(checkpoint);
      expect(Buffer.from(checkpoint.root).toString('hex')).toBe(proof.root);
      const { events } = await get<Events>('/v1/audit/events?type=CheckpointSigned&order=newest&limit=20');
      const covering = events.findLast(({ payload }) => (payload as { size: number }).size > proof.index);
      delays.push((covering?.at ?? Number.POSITIVE_INFINITY) - (event?.at ?? 0));
    }
    // Each is as busy as the machine is; the notaries may take no longer by themselves.
    expect(Math.min(...delays), `${delays}`).toBeLessThan(1_000);
  });

  it('sign one history: each checkpoint goes on from the one before', async () => {
    const keys = await publicKeys();
    const notes: { readonly size: number; readonly root: Uint8Array }[] = [];
    for (let cursor: string | null = ''; cursor !== null; ) {
      const page: Checkpoints = await get(`/v1/audit/checkpoints?limit=100${cursor && `&cursor=${cursor}`}`);
      for (const { note, size } of page.checkpoints) {
        const checkpoint = openCheckpoint(note, keys);
        if (typeof checkpoint === 'string') throw new Error(checkpoint);
        expect(checkpoint.size).toBe(size);
        notes.push(checkpoint);
      }
      ({ cursor } = page);
    }
    const bySize = notes.toSorted((a, b) => a.size - b.size);
    expect(bySize.length).toBeGreaterThan(5);
    for (const [index, later] of bySize.entries()) {
      const earlier = bySize[index - 1];
      if (!earlier) continue;
      const path = `/v1/audit/consistency?from=${earlier.size}&to=${later.size}`;
      const { hashes } = await get<{ readonly hashes: readonly string[] }>(path);
      expect(isConsistent(earlier, later, hashes.map(bytes)), path).toBe(true);
    }
    for (const scheduler of stack.of('scheduler')) {
      expect(await metricOf(scheduler, 'signalbox_log_contradicted')).toBe(0);
    }
  });

  it('of which one is killed leave one that goes on', async () => {
    await stack.kill9(stack.one('scheduler'));
    const id = await publishOne(v1(stack, await newTokenCaller(stack)), newTag());
    const bundle = await until('its session can be proven', async () => {
      const { status, body } = await audit.get<ProofBundle>(`/v1/audit/sessions/${id}/proof`);
      return status === 200 && body.events.every(({ inclusion }) => inclusion !== null) ? body : undefined;
    });
    expect(checkProof(bundle, await publicKeys())).toMatchObject({ valid: true, newer: 0 });
    await stack.start('scheduler');
    await stack.ready();
  });

  it('sign what an offline look at the log agrees with', async () => {
    const { code, said } = await signalbox('verify', '--eventstoredb', stack.env.SIGNALBOX_EVENTSTOREDB_URL ?? '');
    expect({ code, said }).toEqual({ code: 0, said: expect.stringMatching(/^Intact: [\s\S]*checkpoints agree/) });
  });
});

describe('whoever runs the stack', () => {
  it('sees how it is', async () => {
    type Health = {
      readonly head: number;
      readonly checkpoint: { readonly position: number } | null;
      readonly keys: { readonly missing: readonly unknown[]; readonly dataKeys: number };
      readonly readModels: readonly { readonly name: string; readonly behind: number }[];
    };
    const health = await until('everything has caught up', async () => {
      const now = await get<Health>('/v1/audit/health');
      return now.readModels.every(({ behind }) => behind === 0) ? now : undefined;
    });
    expect(health.head).toBeGreaterThan(100);
    expect(health.checkpoint?.position).toBeLessThanOrEqual(health.head);
    expect(health.keys).toMatchObject({ missing: [] });
    expect(health.keys.dataKeys).toBeGreaterThan(0);
    expect(health.readModels.map(({ name }) => name)).toContain('audit index');
  });

  it('rotates the master key while calls go on', async () => {
    // The one that has the new key in front already; all the others know both.
    const gateway = await startInstance('gateway', { ...stack.env, SIGNALBOX_MASTER_KEYS: `${newKey},${oldKey}` });
    const rotation = { method: 'POST', path: '/v1/admin/keys/rotations' };
    type Rotation = { readonly to: string; readonly rewrapped: number; readonly total: number };
    try {
      const target = { ...stack, url: gateway.url };
      const rotated = await send<Rotation>(target, admin, rotation);
      expect(rotated.status).toBe(200);
      expect(rotated.body.rewrapped).toBeGreaterThan(0);
      expect((await send<Rotation>(target, admin, rotation)).body.rewrapped).toBe(0);
      const status = await v1(target, admin).get<{ readonly unneeded: readonly string[] }>('/v1/admin/keys');
      expect(status.body.unneeded).toHaveLength(1);
      const { events } = await get<Events>('/v1/audit/events?type=MasterKeyRotated&order=newest');
      expect(events[0]?.payload).toMatchObject({ to: rotated.body.to, rewrapped: rotated.body.rewrapped });
    } finally {
      await gateway.end('SIGTERM');
    }
    const { sessionId = '', cause } = calls.connected ?? {};
    expect((await timelineOf(sessionId)).verdict.cause).toBe(cause);
    const id = await publishOne(v1(stack, await newTokenCaller(stack)), newTag());
    expect((await timelineOf(id)).entries[0]).toMatchObject({ type: 'OfferPublished', readable: true });
  });

  it('has the read models built anew while everyone reads', async () => {
    const { sessionId = '', tag = '' } = calls.connected ?? {};
    const alice = v1(stack, await newTokenCaller(stack));
    const open = newTag();
    await publishOne(alice, open);
    let isOver = false;
    const failures: unknown[] = [];
    const reading = (async () => {
      while (!isOver) {
        const found = await audit.get<Found>(`/v1/audit/sessions?tag=${tag}`);
        if (found.body.sessions?.[0]?.sessionId !== sessionId) failures.push(found.text);
        const { body, text } = await alice.get<{ readonly counts?: Readonly<Record<string, number>> }>(
          `/v1/tags?tag=${open}`,
        );
        if (body.counts?.[open] !== 1) failures.push(text);
      }
    })();
    const path = '/v1/admin/read-models/all/rebuilds';
    const begun = await send<{ readonly rebuildId: string }>(stack, admin, { method: 'POST', path });
    expect(begun.status).toBe(202);
    const { rebuildId } = begun.body;
    type Progress = { readonly state: string; readonly events: number; readonly position: number };
    // The one address asks both gateways in turn.
    const done = await until('it is done', async () => {
      const progress = await get<Progress>(`${path}/${rebuildId}`);
      return progress.state === 'done' ? progress : undefined;
    });
    expect(done.events).toBeGreaterThan(100);
    const { events } = await get<Events>('/v1/audit/events?type=ReadModelRebuilt&order=newest');
    expect(events[0]?.payload).toMatchObject({ rebuildId, name: 'all', events: done.events, position: done.position });
    isOver = true;
    await reading;
    expect(failures).toEqual([]);
  });
});
