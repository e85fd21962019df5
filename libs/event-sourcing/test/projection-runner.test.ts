import { describe, expect, it } from 'vitest';
import {
  bindProjection,
  createProjectionRunner,
  type Decoded,
  type EventCodec,
  type Projection,
  type RecordedEvent,
  streamName,
  UnreadableEvent,
} from '../src/index.ts';
import { codec, entered, type RoomEvent, recorded, toyView } from './toys.ts';

type Row = { readonly visits: number };

const visits = (name: `${string}@${number}`): Projection<RoomEvent, Row, string> => ({
  name,
  category: 'room',
  on: {
    Entered: (row, { event }) => ({ row: { visits: (row?.visits ?? 0) + 1 }, out: [event.data.who] }),
    Left: 'ignored',
    Closed: () => ({ row: undefined }),
  },
});

const one = streamName('room', 'one');
const two = streamName('room', 'two');
const visit = (stream: typeof one, revision: number, position: number, who: string) =>
  recorded(stream, revision, position, entered(who));

/** A double: the toys' codec, which cannot read what is called broken. */
const choosy: EventCodec<RoomEvent> = {
  ...codec,
  decode: async (events, unknown) => {
    const broken = events.find(({ type }) => type === 'Broken');
    if (broken) throw new UnreadableEvent(broken);
    return codec.decode(events, unknown);
  },
};
const broken = (stream: typeof one, revision: number, position: number) =>
  recorded(stream, revision, position, { type: 'Broken', data: {} });

/** Two projections over the same history; the second one's view can be made to fail. */
const setUp = (history: readonly RecordedEvent[] = [], { setsAside = false } = {}) => {
  const first = toyView<Row, string>();
  const second = toyView<Row, string>();
  const fault = { on: false };
  const applied: (readonly string[])[] = [];
  const failing: typeof second.view = {
    ...second.view,
    write: async (changes, checkpoint) => {
      if (fault.on) throw new Error('view away');
      return second.view.write(changes, checkpoint);
    },
  };
  const refetch = async (stream: string, from: number): Promise<readonly Decoded<RoomEvent>[]> =>
    choosy.decode(
      history.filter((event) => event.stream === stream && event.revision >= from),
      'skip',
    );
  const aside: (readonly [event: string, reason: string])[] = [];
  const runner = createProjectionRunner({
    codec: choosy,
    projections: [
      bindProjection(visits('first@1'), first.view, refetch),
      bindProjection(visits('second@1'), failing, refetch),
    ],
    ...(setsAside && { setAside: ({ id }, reason) => aside.push([id, reason.message]) }),
    onApplied: (events) => applied.push(events.map((event) => event.id)),
  });
  return { runner, first, second, fault, applied, aside };
};

describe('a projection runner', () => {
  it('brings every projection up to date and says how far', async () => {
    const { runner, first, second, applied } = setUp();
    expect(runner.position).toBe(0);
    await runner.apply([visit(one, 0, 2, 'ann'), visit(two, 0, 4, 'ben')]);
    for (const { rows, out, view } of [first, second]) {
      expect([...rows]).toEqual([
        [one, { revision: 0, row: { visits: 1 } }],
        [two, { revision: 0, row: { visits: 1 } }],
      ]);
      expect(out).toEqual(['ann', 'ben']);
      expect(await view.checkpoint()).toBe(4);
    }
    expect(runner.position).toBe(4);
    expect(applied).toEqual([['event-2', 'event-4']]);
  });

  it('skips events of a type it does not know, and moves past them', async () => {
    const { runner, first, applied } = setUp();
    await runner.apply([visit(one, 0, 2, 'ann'), recorded(two, 0, 5, { type: 'Painted', data: {} })]);
    expect(runner.position).toBe(5);
    expect(await first.view.checkpoint()).toBe(5);
    expect(applied).toEqual([['event-2']]);
  });

  it('does nothing for an empty batch', async () => {
    const { runner, first, applied } = setUp();
    await runner.apply([]);
    expect(first.writes).toEqual([]);
    expect(applied).toEqual([]);
    expect(runner.position).toBe(0);
  });

  it('shows once what comes twice, and never goes back', async () => {
    const { runner, first, second } = setUp();
    const batch = [visit(one, 0, 2, 'ann'), visit(one, 1, 4, 'ben')];
    await runner.apply(batch);
    await runner.apply(batch);
    await runner.apply(batch.slice(0, 1));
    for (const { rows, out } of [first, second]) {
      expect(rows.get(one)).toEqual({ revision: 1, row: { visits: 2 } });
      expect(out).toEqual(['ann', 'ben']);
    }
    expect(runner.position).toBe(4);
  });

  it('applies batches in the order of the calls', async () => {
    const { runner, first, applied } = setUp();
    await Promise.all([0, 1, 2, 3].map((i) => runner.apply([visit(one, i, 2 * i + 2, `guest ${i}`)])));
    expect(first.out).toEqual(['guest 0', 'guest 1', 'guest 2', 'guest 3']);
    expect(applied).toEqual([['event-2'], ['event-4'], ['event-6'], ['event-8']]);
  });

  it('fetches what a batch is ahead of', async () => {
    const history = ['ann', 'ben', 'cay'].map((who, i) => visit(one, i, 2 * i + 2, who));
    const { runner, first } = setUp(history);
    await runner.apply(history.slice(2));
    expect(first.rows.get(one)).toEqual({ revision: 2, row: { visits: 3 } });
    expect(first.out).toEqual(['ann', 'ben', 'cay']);
  });

  it('tells the caller of a batch that failed, does not count it as shown, and takes it again', async () => {
    const { runner, first, second, fault, applied } = setUp();
    const batch = [visit(one, 0, 2, 'ann')];
    fault.on = true;
    await expect(runner.apply(batch)).rejects.toThrow('view away');
    expect(runner.position).toBe(0);
    expect(applied).toEqual([]);
    fault.on = false;
    await runner.apply(batch);
    expect(runner.position).toBe(2);
    for (const { rows, out } of [first, second]) {
      expect(rows.get(one)).toEqual({ revision: 0, row: { visits: 1 } });
      expect(out).toEqual(['ann']);
    }
  });

  it('passes over no batch that failed: a later one is refused until it has been applied after all', async () => {
    const history = ['ann', 'ben'].map((who, i) => visit(one, i, 2 * i + 2, who));
    const { runner, first, second, fault } = setUp(history);
    fault.on = true;
    await expect(runner.apply(history.slice(0, 1))).rejects.toThrow('view away');
    fault.on = false;
    await expect(runner.apply(history.slice(1))).rejects.toThrow('from position 2 on failed');
    expect(runner.position).toBe(0);
    await runner.apply(history.slice(0, 1));
    await runner.apply(history.slice(1));
    for (const { rows, out } of [first, second]) {
      expect(rows.get(one)).toEqual({ revision: 1, row: { visits: 2 } });
      expect(out).toEqual(['ann', 'ben']);
    }
    expect(runner.position).toBe(4);
  });

  it('tells whoever waits for a position once it has been reached, and not before', async () => {
    const { runner } = setUp();
    const reached: number[] = [];
    const waits = [1, 2, 4].map(async (position) => {
      await runner.reached(position);
      reached.push(position);
    });
    await runner.apply([visit(one, 0, 2, 'ann')]);
    await Promise.all(waits.slice(0, 2));
    expect(reached).toEqual([1, 2]);
    await runner.apply([visit(one, 1, 4, 'ben')]);
    await Promise.all(waits);
    expect(reached).toEqual([1, 2, 4]);
    await expect(runner.reached(4)).resolves.toBeUndefined();
  });

  it('stops waiting for a position with the reason of the abort', async () => {
    const { runner } = setUp();
    const controller = new AbortController();
    const waiting = runner.reached(2, controller.signal);
    const other = runner.reached(2, new AbortController().signal);
    controller.abort(new Error('too late'));
    await expect(waiting).rejects.toThrow('too late');
    await runner.apply([visit(one, 0, 2, 'ann')]);
    await expect(other).resolves.toBeUndefined();
    await expect(runner.reached(9, controller.signal)).rejects.toThrow('too late');
  });
});

describe('an event that cannot be read', () => {
  const batch = [visit(one, 0, 2, 'ann'), visit(two, 0, 4, 'ben'), broken(two, 1, 6), visit(one, 1, 8, 'cay')];

  it('holds everything up where nobody sets it aside', async () => {
    const { runner, first, applied } = setUp();
    await expect(runner.apply(batch)).rejects.toMatchObject({ code: 'UNREADABLE_EVENT', stream: two });
    expect([first.writes, applied, runner.position]).toEqual([[], [], 0]);
  });

  it('is set aside with all of its stream in the batch, and the rest is applied', async () => {
    const { runner, first, second, applied, aside } = setUp([], { setsAside: true });
    await runner.apply(batch);
    const reason = 'The event Broken (schema version 1) at position 6 does not match its schema.';
    expect(aside).toEqual([
      ['event-4', reason],
      ['event-6', reason],
    ]);
    for (const { rows, view } of [first, second]) {
      expect([...rows]).toEqual([[one, { revision: 1, row: { visits: 2 } }]]);
      expect(await view.checkpoint()).toBe(8);
    }
    expect(applied).toEqual([['event-2', 'event-8']]);
    expect(runner.position).toBe(8);
  });

  it('is set aside also when the whole batch is of its stream', async () => {
    const { runner, first, applied, aside } = setUp([], { setsAside: true });
    await runner.apply([broken(two, 0, 6)]);
    expect(aside.map(([event]) => event)).toEqual(['event-6']);
    expect([first.rows.size, applied, runner.position]).toEqual([0, [[]], 6]);
  });

  it('sets aside what comes after it in its stream, which can’t be applied without it', async () => {
    const history = [visit(two, 0, 4, 'ben'), broken(two, 1, 6), visit(two, 2, 8, 'dan')];
    const { runner, first, aside } = setUp(history, { setsAside: true });
    await runner.apply([...history.slice(2), visit(one, 0, 10, 'ann')]);
    expect(aside.map(([event]) => event)).toEqual(['event-8']);
    expect([...first.rows]).toEqual([[one, { revision: 0, row: { visits: 1 } }]]);
    expect(runner.position).toBe(10);
  });

  it('is told apart from any other fault, which is nothing to set aside', async () => {
    const { runner, fault, aside } = setUp([], { setsAside: true });
    fault.on = true;
    await expect(runner.apply([visit(one, 0, 2, 'ann')])).rejects.toThrow('view away');
    expect([aside, runner.position]).toEqual([[], 0]);
  });
});
