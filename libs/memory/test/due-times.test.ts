import { streamName } from '@signalbox/event-sourcing';
import type { DueRow } from '@signalbox/read-models';
import { describe, expect, it } from 'vitest';
import { memoryDueTimes } from '../src/due-times.ts';

describe('due times in memory', () => {
  it('wake nobody for what does not make the earliest due time earlier', async () => {
    const { sessions, dueTimes } = memoryDueTimes();
    let told = 0;
    dueTimes.onEarlier(() => told++);
    let position = 0;
    const write = async (id: string, revision: number, dueAt: number | null) => {
      position++;
      const row: DueRow | undefined = dueAt === null ? undefined : { kind: 'session', id, dueAt };
      const change = {
        stream: streamName('session', id),
        after: revision - 1,
        revision,
        position,
        recordedAt: 0,
        row,
        out: [],
      };
      await sessions.write([change], position);
    };
    await write('one', 0, 100);
    expect(told).toBe(1);
    await write('later', 0, 200);
    await write('same', 0, 100);
    await write('one', 1, 150);
    await write('same', 1, null);
    expect(told).toBe(1);
    await write('later', 1, 149);
    expect(told).toBe(2);
  });
});
