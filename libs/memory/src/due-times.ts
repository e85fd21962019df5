import type { View } from '@signalbox/event-sourcing';
import type { DueRow, DueTimes } from '@signalbox/read-models';
import { byText } from './deadline.ts';
import { OrderedList } from './ordered-list.ts';
import { memoryRows } from './rows.ts';

const byDueTime = (a: DueRow, b: DueRow): number => a.dueAt - b.dueAt || byText(a.id, b.id) || byText(a.kind, b.kind);

/**
 * One schedule, fed by a view for each category. The rows lie in the order of their due times and a settled one is
 * taken out at once, so the schedule is never larger than what waits.
 */
export const memoryDueTimes = (): {
  readonly sessions: View<DueRow>;
  readonly credentials: View<DueRow>;
  readonly dueTimes: DueTimes;
} => {
  const waiting = new OrderedList(byDueTime);
  const listeners = new Set<() => void>();

  const earliest = (): number => waiting.first()?.dueAt ?? Number.POSITIVE_INFINITY;

  const view = (): View<DueRow> => {
    const { read, write, checkpoint } = memoryRows<DueRow>((taken) => {
      const before = earliest();
      for (const { before: was, change } of taken) {
        if (was) waiting.delete(was);
        if (change.row) waiting.add(change.row);
      }
      if (earliest() < before) for (const listener of [...listeners]) listener();
    });
    return { read, write, checkpoint };
  };

  return {
    sessions: view(),
    credentials: view(),
    dueTimes: {
      due: async (now, limit) => {
        const due: DueRow[] = [];
        for (const row of waiting.from(() => false)) {
          if (row.dueAt > now || due.length === limit) break;
          due.push(row);
        }
        return due;
      },
      next: async () => waiting.first()?.dueAt ?? null,
      onEarlier: (listener) => {
        listeners.add(listener);
        return () => {
          listeners.delete(listener);
        };
      },
      size: async () => waiting.size,
    },
  };
};
