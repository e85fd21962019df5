import { describe, expect, it } from 'vitest';
import { bindProjection, type Decoded, type Projection, type StreamName, streamName } from '../src/index.ts';
import { closed, decoded, entered, left, type RoomEvent, toyView } from './toys.ts';

type Row = { readonly inside: readonly string[] };

/** Who is in each room, and a line for whoever enters; a closed room has no row. */
const occupancy: Projection<RoomEvent, Row, string> = {
  name: 'occupancy@1',
  category: 'room',
  on: {
    Entered: (row, { event, position }) => ({
      row: { inside: [...(row?.inside ?? []), event.data.who] },
      out: [`${event.data.who} at ${position}`],
    }),
    Left: 'ignored',
    Closed: () => ({ row: undefined }),
  },
};

const one = streamName('room', 'one');
const two = streamName('room', 'two');

const setUp = (history: readonly Decoded<RoomEvent>[] = []) => {
  const toy = toyView<Row, string>();
  const refetched: { readonly stream: StreamName; readonly from: number }[] = [];
  const bound = bindProjection(occupancy, toy.view, async (stream, from) => {
    refetched.push({ stream, from });
    return history.filter((event) => event.stream === stream && event.revision >= from);
  });
  return { ...toy, toy, bound, refetched };
};

describe('a projection bound to its view', () => {
  it('has the name and the category of the projection and the checkpoint of the view', async () => {
    const { bound } = setUp();
    expect([bound.name, bound.category, await bound.checkpoint()]).toEqual(['occupancy@1', 'room', 0]);
    await bound.apply([], 7);
    expect(await bound.checkpoint()).toBe(7);
  });

  it('makes one change of the events of each stream, in one write with the checkpoint', async () => {
    const { bound, writes, refetched } = setUp();
    const batch = [
      decoded(one, 0, 2, entered('ann')),
      decoded(two, 0, 4, entered('ben')),
      decoded(one, 1, 6, entered('cay')),
    ];
    await bound.apply(batch, 9);
    expect(writes).toEqual([
      {
        changes: [
          {
            ...{ stream: one, after: -1, revision: 1, position: 6, recordedAt: 1_006 },
            ...{ row: { inside: ['ann', 'cay'] }, out: ['ann at 2', 'cay at 6'] },
          },
          {
            stream: two,
            after: -1,
            revision: 0,
            position: 4,
            recordedAt: 1_004,
            row: { inside: ['ben'] },
            out: ['ben at 4'],
          },
        ],
        checkpoint: 9,
      },
    ]);
    expect(refetched).toEqual([]);
  });

  it('goes on from the row in the view, also where there is none', async () => {
    const { bound, writes } = setUp();
    await bound.apply([decoded(one, 0, 2, entered('ann'))], 2);
    await bound.apply([decoded(one, 1, 4, closed)], 4);
    await bound.apply([decoded(one, 2, 6, entered('ben'))], 6);
    expect(writes.map((write) => write.changes[0]?.row)).toEqual([{ inside: ['ann'] }, undefined, { inside: ['ben'] }]);
    expect(writes.map((write) => write.changes[0]?.after)).toEqual([-1, 0, 1]);
  });

  it('leaves other categories alone, and moves the checkpoint past them', async () => {
    const { bound, writes } = setUp();
    await bound.apply([decoded(streamName('credential', 'one'), 0, 2, entered('ann'))], 2);
    expect(writes).toEqual([{ changes: [], checkpoint: 2 }]);
  });

  it('keeps the row through an ignored event and moves its revision on', async () => {
    const { bound, rows } = setUp();
    await bound.apply([decoded(one, 0, 2, entered('ann')), decoded(one, 1, 4, left('ann'))], 4);
    expect(rows.get(one)).toEqual({ revision: 1, row: { inside: ['ann'] } });
  });

  it('drops what its row shows already, alone or before something new', async () => {
    const { bound, writes, out } = setUp();
    const first = decoded(one, 0, 2, entered('ann'));
    await bound.apply([first], 2);
    await bound.apply([first], 2);
    await bound.apply([first, decoded(one, 1, 4, entered('ben'))], 4);
    expect(writes.map((write) => write.changes.length)).toEqual([1, 0, 1]);
    expect(out).toEqual(['ann at 2', 'ben at 4']);
  });

  it('drops an event that comes twice in a batch', async () => {
    const { bound, out } = setUp();
    const first = decoded(one, 0, 2, entered('ann'));
    await bound.apply([first, first, decoded(one, 1, 4, entered('ben')), first], 4);
    expect(out).toEqual(['ann at 2', 'ben at 4']);
  });

  it.each([
    ['before the batch', [2]],
    ['in the middle of it', [0, 2]],
  ])('fetches what is missing %s, and leaves what came after the batch to its own turn', async (_, arriving) => {
    const history = ['ann', 'ben', 'cay', 'dan'].map((who, i) => decoded(one, i, 2 * i + 2, entered(who)));
    const { bound, writes, refetched } = setUp(history);
    await bound.apply(
      arriving.flatMap((i) => history[i] ?? []),
      6,
    );
    expect(refetched).toEqual([{ stream: one, from: 0 }]);
    expect(writes[0]?.changes).toEqual([
      {
        ...{ stream: one, after: -1, revision: 2, position: 6, recordedAt: 1_006 },
        row: { inside: ['ann', 'ben', 'cay'] },
        out: ['ann at 2', 'ben at 4', 'cay at 6'],
      },
    ]);
    await bound.apply(history.slice(3), 8);
    expect(refetched).toHaveLength(1);
    expect(writes[1]?.changes).toEqual([
      {
        ...{ stream: one, after: 2, revision: 3, position: 8, recordedAt: 1_008 },
        row: { inside: ['ann', 'ben', 'cay', 'dan'] },
        out: ['dan at 8'],
      },
    ]);
  });

  it('fetches from its row on, and changes nothing where there is nothing to fetch', async () => {
    const { bound, writes, refetched } = setUp();
    await bound.apply([decoded(one, 0, 2, entered('ann'))], 2);
    await bound.apply([decoded(one, 3, 9, entered('dan'))], 9);
    expect(refetched).toEqual([{ stream: one, from: 1 }]);
    expect(writes[1]).toEqual({ changes: [], checkpoint: 9 });
  });
});

describe('a projection whose rows somebody else writes too', () => {
  const batch = [
    decoded(one, 0, 2, entered('ann')),
    decoded(two, 0, 4, entered('ben')),
    decoded(one, 1, 6, entered('cay')),
  ];

  it('makes the changes that were not taken again, from the rows as they are now, and no others', async () => {
    const { bound, toy, rows, out, writes } = setUp();
    toy.beforeWrite = async () => {
      if (writes.length === 1) rows.set(one, { revision: 0, row: { inside: ['ann'] } });
    };
    await bound.apply(batch, 9);
    expect(
      writes.map(({ changes, checkpoint }) => ({ streams: changes.map(({ stream }) => stream), checkpoint })),
    ).toEqual([
      { streams: [one, two], checkpoint: 9 },
      { streams: [one], checkpoint: 9 },
    ]);
    expect(writes[1]?.changes).toEqual([
      {
        ...{ stream: one, after: 0, revision: 1, position: 6, recordedAt: 1_006 },
        row: { inside: ['ann', 'cay'] },
        out: ['cay at 6'],
      },
    ]);
    expect(rows.get(one)).toEqual({ revision: 1, row: { inside: ['ann', 'cay'] } });
    expect(out).toEqual(['ben at 4', 'cay at 6']);
    expect(await bound.checkpoint()).toBe(9);
  });

  it('moves the checkpoint on when the others have shown all of it before the second write', async () => {
    const { bound, toy, rows, out, writes } = setUp();
    toy.beforeWrite = async () => {
      rows.set(one, { revision: writes.length - 1, row: { inside: ['ann'] } });
    };
    await bound.apply(batch, 9);
    expect(writes.map(({ changes }) => changes.length)).toEqual([2, 1]);
    expect(out).toEqual(['ben at 4']);
    expect(await bound.checkpoint()).toBe(9);
  });

  it('makes nothing again where they have shown the same or more', async () => {
    const { bound, toy, rows, out, writes } = setUp();
    toy.beforeWrite = async () => {
      rows.set(one, { revision: 2, row: { inside: ['dan'] } });
    };
    await bound.apply(batch, 9);
    expect(writes).toHaveLength(1);
    expect(rows.get(one)).toEqual({ revision: 2, row: { inside: ['dan'] } });
    expect(out).toEqual(['ben at 4']);
  });

  it('is thrown back to whoever delivers the batch when they do so again and again', async () => {
    const history = Array.from({ length: 20 }, (_, i) => decoded(one, i, 2 * i + 2, entered(`${i}`)));
    const { bound, toy, rows, writes } = setUp();
    toy.beforeWrite = async () => {
      rows.set(one, { revision: writes.length, row: { inside: ['dan'] } });
    };
    await expect(bound.apply(history, 40)).rejects.toThrow(
      'Others kept writing the rows of occupancy@1: the batch has to be applied again.',
    );
    expect(writes).toHaveLength(8);
    expect(await bound.checkpoint()).toBe(0);
  });
});
