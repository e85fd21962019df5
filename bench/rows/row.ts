import type { Measured } from '../driver/load.ts';
import type { Target } from '../driver/targets.ts';

/** What is measured: prepared first, which costs no time of the round, then run. */
export type Row = {
  readonly name: string;
  /** How much work one of them is, in single requests; 1 unless given. Rounds are shorter accordingly. */
  readonly weight?: number;
  /** Makes ready what all rounds on this target share: callers, sessions. */
  readonly open: (target: Target) => Promise<Rounds>;
};

/** Prepares a round of so many; the round begins when what it answers with is called. */
export type Rounds = (count: number) => Promise<() => Promise<Measured>>;

/** What keeps all connections busy with independent requests. */
export const allAtOnce =
  (target: Target, prepareAll: (count: number) => Promise<Parameters<Target['connections']['sendAll']>[0]>): Rounds =>
  async (count) => {
    const requests = await prepareAll(count);
    return () => target.connections.sendAll(requests);
  };

export const times = <T>(count: number, make: (index: number) => T): T[] =>
  Array.from({ length: count }, (_, index) => make(index));

/** Those of a list in turn, over and over. */
export const inTurn = <T>(list: readonly T[], index: number): T => list[index % list.length] as T;
