import type { CatchUpSource, RecordedEvent } from '@signalbox/event-sourcing';

const PAGE = 1_000;

/** The first event of a page: where it is, when it was recorded, and after which position the page was read. */
type Mark = { readonly position: number; readonly recordedAt: number; readonly after: number };

/**
 * The history of any log, by reading it. What was read once is not read again to find a time or to go back: the start
 * of each page is remembered. An id is looked for from the beginning: tests have no log for which that is too long.
 */
export const scanningHistory = (log: Pick<CatchUpSource, 'readAll'>) => {
  const marks: Mark[] = [];
  /** The end of the last full page: everything up to there has its marks. */
  let marked = 0;

  const readPage = async (after: number): Promise<readonly RecordedEvent[]> => {
    const page = await log.readAll(after, PAGE);
    const [first, last] = [page[0], page.at(-1)];
    if (after === marked && page.length === PAGE && first && last) {
      marks.push({ position: first.position, recordedAt: first.recordedAt, after });
      marked = last.position;
    }
    return page;
  };

  async function* pages(after: number): AsyncGenerator<readonly RecordedEvent[], void> {
    for (let start = after; ; ) {
      const page = await readPage(start);
      const last = page.at(-1);
      if (!last) return;
      yield page;
      start = last.position;
    }
  }

  /** The place of the last mark for which it holds; it holds for all before that one. */
  const lastMark = (holds: (mark: Mark) => boolean): number => {
    let [low, high] = [0, marks.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (holds(marks[middle] as Mark)) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  };

  const markUpTo = async (isBeyond: (event: RecordedEvent) => boolean): Promise<void> => {
    for await (const page of pages(marked)) if (page.some(isBeyond)) return;
  };

  return {
    positionAt: async (time: number) => {
      const from = marks[lastMark((mark) => mark.recordedAt <= time)]?.after ?? 0;
      let found = 0;
      for await (const page of pages(from)) {
        const beyond = page.findIndex((event) => event.recordedAt > time);
        const last = beyond === -1 ? page.at(-1) : page[beyond - 1];
        found = last?.position ?? found;
        if (beyond !== -1) break;
      }
      return found;
    },
    find: async (eventId: string) => {
      for await (const page of pages(0)) {
        const event = page.find(({ id }) => id === eventId);
        if (event) return event;
      }
      return undefined;
    },
    readBack: async (before: number, limit: number) => {
      await markUpTo(({ position }) => position >= before);
      const found: RecordedEvent[] = [];
      const collect = (page: readonly RecordedEvent[]) =>
        found.push(...page.filter((one) => one.position < before).reverse());
      collect(await log.readAll(marked, PAGE));
      for (let at = lastMark(({ position }) => position < before); at >= 0 && found.length < limit; at--) {
        collect(await log.readAll((marks[at] as Mark).after, PAGE));
      }
      return found.slice(0, limit);
    },
  };
};
