import {
  bindProjection,
  type Decider,
  type Decoded,
  type Projection,
  type StreamName,
  streamName,
  type View,
} from '@signalbox/event-sourcing';
import { metadata } from '@signalbox/testing';

/** What happened, one event after another, and the real projection that shows it in the view under test. */
export type Driver<C, E> = {
  /** Decides, records and shows; `recordedAt` is the command's own time when it is left out. Throws on a refusal. */
  handle(id: string, command: C, recordedAt?: number): Promise<readonly Decoded<E>[]>;
  /** Records and shows what is said to have happened. */
  record(id: string, recordedAt: number, ...events: readonly E[]): Promise<readonly Decoded<E>[]>;
  /** Shows these events, recorded before, in one batch. */
  show(events: readonly Decoded<E>[]): Promise<void>;
  /** Everything recorded, in log order. */
  readonly history: readonly Decoded<E>[];
};

/** Positions grow, but not by ones. */
const STEP = 3;

export const drive = <C extends { readonly now: number }, S, E extends { readonly type: string }, R, Row, Out>(
  decider: Decider<C, S, E, R>,
  projection: Projection<E, Row, Out>,
  view: View<Row, Out>,
): Driver<C, E> => {
  const history: Decoded<E>[] = [];
  const streams = new Map<StreamName, Decoded<E>[]>();
  const of = (stream: StreamName) => streams.get(stream) ?? [];
  const bound = bindProjection(projection, view, async (stream, from) => of(stream).slice(from));

  const show = async (events: readonly Decoded<E>[]) => {
    const last = events.at(-1);
    if (last) await bound.apply(events, last.position);
  };

  const record = async (id: string, recordedAt: number, ...events: readonly E[]) => {
    const stream = streamName(decider.category, id);
    const recorded = events.map((event): Decoded<E> => {
      const seen = of(stream);
      const position = (history.at(-1)?.position ?? 0) + STEP;
      const decoded: Decoded<E> = {
        id: `event-${position}`,
        ...{ stream, position, recordedAt, event },
        revision: seen.length,
        metadata: metadata(),
        ...{ keyId: null, hash: null, previousHash: null },
      };
      streams.set(stream, [...seen, decoded]);
      history.push(decoded);
      return decoded;
    });
    await show(recorded);
    return recorded;
  };

  return {
    history,
    show,
    record,
    handle: async (id, command, recordedAt = command.now) => {
      const events = of(streamName(decider.category, id)).map((decoded) => decoded.event);
      const decision = decider.decide(command, events.reduce(decider.evolve, decider.initial));
      if (decision.kind === 'rejected') throw new Error(`Refused: ${JSON.stringify(decision.rejection)}`);
      return record(id, recordedAt, ...decision.events);
    },
  };
};
