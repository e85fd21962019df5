import type { DomainEvent } from '@signalbox/domain';
import {
  type CatchUpSource,
  createProjectionRunner,
  type EventCodec,
  type ProjectionRunner,
  type RecordedEvent,
  type StreamReader,
} from '@signalbox/event-sourcing';
import { type AllViews, bindAll } from './app.ts';

/** Views that are being filled beside the live ones. */
export type NewViews = {
  readonly views: AllViews;
  /** Aborts when somebody else fills new ones instead. */
  readonly signal: AbortSignal;
  /** From now on the live views take no writes. */
  seal(): Promise<void>;
  /** Makes these the live ones; they show the log up to `position`. */
  switchTo(position: number): Promise<void>;
  giveUp(): Promise<void>;
};

/** How far it has come: how many events, and positions of the log. */
export type Progress = { readonly events: number; readonly position: number; readonly head: number };

export type Reading = {
  readonly log: Pick<CatchUpSource, 'readAll' | 'head'> & StreamReader;
  readonly codec: EventCodec<DomainEvent>;
  readonly setAside: (event: RecordedEvent) => void;
  readonly onProgress: (progress: Progress, added: number) => void;
  readonly signal: AbortSignal;
};

const PAGE = 1_000;

const runnerFor = (views: AllViews, { log, codec, setAside }: Reading): ProjectionRunner =>
  createProjectionRunner({ codec, projections: bindAll(views, { log, codec }), setAside });

/** Shows the log from `after` to its end; answers with how far that was. */
const showTheRest = async (runner: ProjectionRunner, start: Progress, reading: Reading): Promise<Progress> => {
  const { log, onProgress, signal } = reading;
  let progress = { ...start, head: await log.head() };
  for (;;) {
    signal.throwIfAborted();
    const page = await log.readAll(progress.position, PAGE);
    const last = page.at(-1);
    if (!last) return progress;
    await runner.apply(page);
    const { position } = last;
    progress = { events: progress.events + page.length, position, head: Math.max(progress.head, position) };
    onProgress(progress, page.length);
  }
};

/**
 * Fills new views from the log, and puts them in the place of the live ones once they show all of it. Readers notice
 * nothing: the live views are read until the switch. For the last steps they are sealed, so that whatever they show is
 * in the log that is then read to its end; who writes to them meanwhile waits for the new ones.
 */
export const rebuild = async (fresh: NewViews, given: Reading): Promise<Progress> => {
  const reading = { ...given, signal: AbortSignal.any([given.signal, fresh.signal]) };
  const runner = runnerFor(fresh.views, reading);
  try {
    const most = await showTheRest(runner, { events: 0, position: 0, head: 0 }, reading);
    await fresh.seal();
    const all = await showTheRest(runner, most, reading);
    await fresh.switchTo(all.position);
    return all;
  } catch (error) {
    await fresh.giveUp();
    throw error;
  }
};

/** Shows the log after `position` again in the live views: what they show of it already stays as it is. */
export const repair = (live: AllViews, position: number, reading: Reading): Promise<Progress> =>
  showTheRest(runnerFor(live, reading), { events: 0, position, head: position }, reading);
