import type { View } from '@signalbox/event-sourcing';
import type { DueRow, DueTimes } from '@signalbox/read-models';
import { byText } from './deadline.ts';
import { OrderedList } from './ordered-list.ts';
import { memoryRows } from './rows.ts';

/** `lookAt`: the due time, or the end of the lease. */
type Waiting = { readonly row: DueRow; readonly lookAt: number };

const byLookAt = (a: Waiting, b: Waiting): number =>
  a.lookAt - b.lookAt || byText(a.row.id, b.row.id) || byText(a.row.kind, b.row.kind);

const nameOf = ({ kind, id }: DueRow): string => `${kind}/${id}`;

/**
 * One schedule, fed by a view for each category. The rows lie in the order in which they are to be looked at, and a
 * settled one is taken out at once, so the schedule is never larger than what waits.
 */
export const memoryDueTimes = (): {
  readonly sessions: View<DueRow>;
  readonly credentials: View<DueRow>;
  readonly dueTimes: DueTimes;
} => {
  const waiting = new OrderedList(byLookAt);
  /** When the lease of a row that was claimed is over, by its name. */
  const leases = new Map<string, number>();
  const listeners = new Set<() => void>();

  const earliest = (): number => waiting.first()?.lookAt ?? Number.POSITIVE_INFINITY;

  const move = (was: DueRow | undefined, row: DueRow | undefined) => {
    if (was && row && was.dueAt === row.dueAt) return; // a lease goes on when nothing has moved
    if (was) {
      waiting.delete({ row: was, lookAt: leases.get(nameOf(was)) ?? was.dueAt });
      leases.delete(nameOf(was));
    }
    if (row) waiting.add({ row, lookAt: row.dueAt });
  };

  const view = (): View<DueRow> => {
    const { read, write, checkpoint } = memoryRows<DueRow>((taken) => {
      const before = earliest();
      for (const one of taken) move(one.before, one.change.row);
      if (earliest() < before) for (const listener of [...listeners]) listener();
    });
    return { read, write, checkpoint };
  };

  return {
    sessions: view(),
    credentials: view(),
    dueTimes: {
      claim: async (now, limit, leaseMs) => {
        const due = [...waiting.from(() => false).take(limit)].filter(({ lookAt }) => lookAt <= now);
        for (const one of due) {
          const lookAt = now + leaseMs;
          waiting.delete(one);
          waiting.add({ row: one.row, lookAt });
          leases.set(nameOf(one.row), lookAt);
        }
        return due.map(({ row }) => row);
      },
      next: async () => waiting.first()?.lookAt ?? null,
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
