import { describe, expect, it } from 'vitest';
import { type CommandContext, createCommandHandler, streamName } from '../src/index.ts';
import { closed, codec, entered, left, metadata, type RoomCommand, room, toyLog } from './toys.ts';

const stream = streamName('room', 'one');
const enter = (...who: readonly string[]): RoomCommand => ({ type: 'Enter', who });
const close: RoomCommand = { type: 'Close' };
const once: CommandContext = { metadata, commandId: null };
const retried = (commandId: string): CommandContext => ({ metadata, commandId });

const setUp = () => {
  const toy = toyLog();
  let made = 0;
  const create = () =>
    createCommandHandler({
      decider: room,
      log: toy.log,
      codec,
      chain: (_stream, _revision, { id }, previous) => Buffer.from(`${previous ?? 'start'} > ${id}`),
      newEventId: () => `new-${made++}`,
      derivedEventId: (commandId, index) => `${commandId}/${index}`,
      cachedStates: 10,
    });
  return { toy, create, handle: create() };
};

describe('handling a command', () => {
  it('records what was decided and answers with the state, the revision and the position it led to', async () => {
    const { toy, handle } = setUp();
    expect(await handle('one', enter('ann', 'ben'), once)).toEqual({
      kind: 'accepted',
      events: [entered('ann'), entered('ben')],
      state: { inside: ['ann', 'ben'], closed: false },
      stream,
      revision: 1,
      position: 4,
    });
    expect(toy.events).toEqual(
      ['ann', 'ben'].map((who, i) => ({
        id: `new-${i}`,
        type: 'Entered',
        schemaVersion: 1,
        data: Buffer.from(JSON.stringify({ who })),
        keyId: null,
        metadata,
        stream,
        revision: i,
        position: 2 * (i + 1),
        recordedAt: 1_000 + 2 * (i + 1),
        hash: Buffer.from(i === 0 ? 'start > new-0' : 'start > new-0 > new-1'),
        previousHash: i === 0 ? null : Buffer.from('start > new-0'),
      })),
    );
    expect(toy.appends).toEqual([{ stream, expected: 'no_stream', options: { closes: false } }]);
  });

  it('goes on from the state it left, without reading it again', async () => {
    const { toy, handle } = setUp();
    await handle('one', enter('ann'), once);
    expect(await handle('one', { type: 'Leave', who: 'ann' }, once)).toEqual({
      kind: 'accepted',
      events: [left('ann')],
      state: { inside: [], closed: false },
      stream,
      revision: 1,
      position: 4,
    });
    expect(toy.reads).toBe(1);
    expect(toy.appends[1]?.expected).toBe(0);
  });

  it('says of the append that ends a stream’s life that it does', async () => {
    const { toy, handle } = setUp();
    await handle('one', enter('ann'), once);
    await handle('one', close, once);
    expect(toy.appends.map((append) => append.options)).toEqual([{ closes: false }, { closes: true }]);
  });

  it('writes nothing for a command that changes nothing', async () => {
    const { toy, handle } = setUp();
    await handle('one', close, once);
    expect(await handle('one', close, once)).toEqual({
      kind: 'accepted',
      events: [],
      state: { inside: [], closed: true },
      stream,
      revision: 0,
      position: null,
    });
    expect(toy.appends).toHaveLength(1);
  });

  it('answers with a refusal and the revision it rests on, and writes nothing', async () => {
    const { toy, handle } = setUp();
    expect(await handle('one', enter('a', 'b', 'c', 'd'), once)).toEqual({
      kind: 'rejected',
      rejection: 'full',
      stream,
      revision: -1,
    });
    expect(toy.events).toEqual([]);
  });

  it('refuses only on a state that was just read, however sure the cache is', async () => {
    const { toy, handle } = setUp();
    await handle('one', enter('a', 'b', 'c'), once);
    await toy.rival(stream, left('a'));
    expect(await handle('one', enter('d'), once)).toMatchObject({
      kind: 'accepted',
      state: { inside: ['b', 'c', 'd'] },
      revision: 4,
    });
    await toy.rival(stream, closed);
    expect(await handle('one', enter('e'), once)).toEqual({
      kind: 'rejected',
      rejection: 'closed',
      stream,
      revision: 5,
    });
  });

  it('finds out that its cache is stale and decides again', async () => {
    const { toy, handle } = setUp();
    await handle('one', enter('a'), once);
    await toy.rival(stream, entered('b'));
    expect(await handle('one', enter('c'), once)).toMatchObject({
      kind: 'accepted',
      events: [entered('c')],
      state: { inside: ['a', 'b', 'c'], closed: false },
      revision: 2,
      position: 6,
    });
  });

  it('decides again when a rival wins the race, and may then refuse', async () => {
    const { toy, handle } = setUp();
    await handle('one', enter('a', 'b'), once);
    toy.beforeAppend = async () => {
      toy.beforeAppend = async () => {};
      await toy.rival(stream, entered('c'));
    };
    expect(await handle('one', enter('d'), once)).toEqual({ kind: 'rejected', rejection: 'full', stream, revision: 2 });
  });

  it('gives up after eight lost races', async () => {
    const { toy, handle } = setUp();
    let flip = false;
    toy.beforeAppend = async () => {
      flip = !flip;
      await toy.rival(stream, flip ? entered('x') : left('x'));
    };
    expect(await handle('one', enter('a'), once)).toEqual({ kind: 'contended' });
    expect(toy.appends).toHaveLength(8);
    toy.beforeAppend = async () => {};
    expect(await handle('one', enter('a'), once)).toMatchObject({ kind: 'accepted', revision: 8 });
  });

  it('does not read a stream that is said to be new, until a conflict shows that it is not', async () => {
    const { toy, handle, create } = setUp();
    const creates = { ...once, creates: true };
    expect(await handle('one', enter('a'), creates)).toMatchObject({ kind: 'accepted', revision: 0 });
    expect(toy.reads).toBe(0);
    expect(await create()('one', enter('b'), creates)).toMatchObject({
      kind: 'accepted',
      state: { inside: ['a', 'b'], closed: false },
      revision: 1,
    });
    expect(toy.reads).toBe(1);
  });

  it('runs the commands for one stream one after another, so that they do not race each other', async () => {
    const { toy, handle } = setUp();
    const outcomes = await Promise.all(['a', 'b', 'c', 'd'].map((who) => handle('one', enter(who), once)));
    expect(outcomes.map((outcome) => outcome.kind)).toEqual(['accepted', 'accepted', 'accepted', 'rejected']);
    expect(toy.appends).toHaveLength(3);
  });

  it('does not make one stream wait for another', async () => {
    const { toy, handle } = setUp();
    const gate = Promise.withResolvers<void>();
    toy.beforeAppend = (to) => (to === stream ? gate.promise : Promise.resolve());
    const slow = handle('one', enter('a'), once);
    expect(await handle('two', enter('b'), once)).toMatchObject({ kind: 'accepted', stream: 'room-two' });
    gate.resolve();
    expect(await slow).toMatchObject({ kind: 'accepted', stream });
  });

  it('passes a fault on, and serves the next command', async () => {
    const { toy, handle } = setUp();
    toy.beforeAppend = async () => {
      throw new Error('disk full');
    };
    await expect(handle('one', enter('a'), once)).rejects.toThrow('disk full');
    toy.beforeAppend = async () => {};
    expect(await handle('one', enter('b'), once)).toMatchObject({ kind: 'accepted', state: { inside: ['b'] } });
  });

  it('does not decide on a history that it cannot read whole', async () => {
    const { toy, handle } = setUp();
    await toy.rival(stream, { type: 'Painted', data: {} } as never);
    await expect(handle('one', enter('a'), once)).rejects.toMatchObject({ code: 'UNKNOWN_EVENT_TYPE' });
  });
});

describe('a command that may be retried', () => {
  it('derives its event ids, and answers a retry with what it recorded the first time', async () => {
    const { toy, handle, create } = setUp();
    const first = await handle('one', enter('a', 'b'), retried('cmd'));
    expect(first).toMatchObject({ kind: 'accepted', revision: 1, position: 4 });
    expect(toy.events.map((event) => event.id)).toEqual(['cmd/0', 'cmd/1']);
    for (const again of [handle, create()]) {
      expect(await again('one', enter('a', 'b'), retried('cmd'))).toEqual({ ...first, position: null });
    }
    expect(toy.events).toHaveLength(2);
  });

  it('answers so even when the stream has moved on and would refuse it now', async () => {
    const { toy, handle } = setUp();
    await handle('one', enter('x'), once);
    const first = await handle('one', enter('a', 'b'), retried('cmd'));
    await handle('one', { type: 'Leave', who: 'x' }, once);
    await handle('one', close, retried('other'));
    expect(await handle('one', enter('a', 'b'), retried('cmd'))).toEqual({
      kind: 'accepted',
      events: [entered('a'), entered('b')],
      state: { inside: ['x', 'a', 'b'], closed: false },
      stream,
      revision: 2,
      position: null,
    });
    expect(first).toMatchObject({ kind: 'accepted', revision: 2 });
    expect(toy.events).toHaveLength(5);
  });

  it('has its effect once when both tries run at the same time in two processes', async () => {
    const { toy, handle, create } = setUp();
    const other = create();
    toy.beforeAppend = async () => {
      toy.beforeAppend = async () => {};
      await other('one', enter('a'), retried('cmd'));
    };
    expect(await handle('one', enter('a'), retried('cmd'))).toEqual({
      kind: 'accepted',
      events: [entered('a')],
      state: { inside: ['a'], closed: false },
      stream,
      revision: 0,
      position: null,
    });
    expect(toy.events.map((event) => event.id)).toEqual(['cmd/0']);
  });

  it('is a command of its own under another id', async () => {
    const { toy, handle } = setUp();
    await handle('one', enter('a'), retried('first'));
    await handle('one', enter('b'), retried('second'));
    expect(toy.events.map((event) => event.id)).toEqual(['first/0', 'second/0']);
  });
});
