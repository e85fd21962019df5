import type { Change, StreamName, Versioned, View } from '@signalbox/event-sourcing';
import type { Forgets } from '@signalbox/read-models';
import type { Reply } from './connection.ts';
import { type Keyspace, PREAMBLE } from './keyspace.ts';
import { ARGUMENTS, FORGET, FORGETTING, NO_INDEX, RAISE_CHECKPOINT, ROW_KEYS, WRITE_CHANGES } from './rows.lua.ts';
import { type Script, script } from './script.ts';

export type Argument = string | number;

/** A view's rows in Redis, and its own scripts beside them. */
export type RedisRows<Row, Out = never> = View<Row, Out> &
  Forgets & {
    /** Puts a script together that finds the view's keys under `view`, its rows in `rows`, and its arguments by `take`. */
    script(...parts: readonly string[]): Script;
    run(script: Script, args?: readonly Argument[]): Promise<Reply>;
  };

/** A call writes this many changes or this many characters of rows at most, so that Redis never stands still for long. */
const CHANGES_PER_CALL = 100;
const CHARACTERS_PER_CALL = 256 * 1024;
const ROWS_PER_READ = 200;
const FORGOTTEN_PER_CALL = 100;

/** The JSON of a row as Redis keeps it behind the revision. */
export const rowIn = <Row>(kept: string): Row | undefined => versionedIn<Row>(kept).row;

export const versionedIn = <Row>(kept: string): Versioned<Row> => {
  const colon = kept.indexOf(':');
  const body = kept.slice(colon + 1);
  return { revision: Number(kept.slice(0, colon)), row: body === '' ? undefined : (JSON.parse(body) as Row) };
};

export const redisRows = <Row, Out = never>(
  keyspace: Keyspace,
  view: {
    readonly name: string;
    /** What the view's indexes need of a row; an empty list for a row that is in none. */
    readonly facts?: (row: Row) => readonly Argument[];
    /** When the row ended (epoch milliseconds), so that it may be forgotten some time; null while it must be kept. */
    readonly endedAt?: (row: Row) => number | null;
    /** What has ended is in the view's indexes too, until it is forgotten. Elsewhere it has no facts by then. */
    readonly indexesEnded?: boolean;
    /** What `emit` needs of the outputs of a change. */
    readonly outs?: (change: Change<Row, Out>) => readonly Argument[];
    /** Lua: the functions that WRITE_CHANGES needs. */
    readonly lua: readonly string[];
    /** Told what `finish` answered. */
    readonly onWritten?: (finished: Reply) => void;
  },
): RedisRows<Row, Out> => {
  const { name, facts = () => [], endedAt = () => null, outs = () => [], onWritten = () => {} } = view;
  const start = [PREAMBLE, `local view = root .. '${name}:'`, ARGUMENTS, ROW_KEYS];
  const scripts = {
    read: script(...start, `return redis.call('HMGET', rows, unpack(takeList()))`),
    write: script(...start, keyspace.writes, FORGETTING, ...view.lua, WRITE_CHANGES),
    raise: script(...start, keyspace.writes, RAISE_CHECKPOINT),
    checkpoint: script(...start, `return redis.call('HGET', about, 'checkpoint')`),
    forget: script(...start, FORGETTING, ...(view.indexesEnded ? view.lua : [NO_INDEX]), FORGET),
  };

  /** What was removed is remembered for a while, so that whoever is late does not begin it anew. */
  const endOf = ({ row, recordedAt }: Change<Row, Out>): Argument =>
    row === undefined ? recordedAt : (endedAt(row) ?? '');

  const argumentsOf = (change: Change<Row, Out>): readonly Argument[] => {
    const { stream, after, revision, position, row } = change;
    const given = row === undefined ? [] : facts(row);
    const produced = change.out.length === 0 ? [] : outs(change);
    return [
      ...[stream, after, revision, position],
      ...[row === undefined ? '' : JSON.stringify(row), endOf(change)],
      ...[given.length, ...given],
      ...[produced.length, ...produced],
    ];
  };

  /** Undefined when the generation was left meanwhile. */
  const writeSome = async (
    changes: readonly (readonly Argument[])[],
    checkpoint: number | '',
  ): Promise<readonly StreamName[] | undefined> => {
    const ran = await keyspace.runOnce(scripts.write, [checkpoint, changes.length, ...changes.flat()]);
    if (!ran) return undefined;
    const [stale, finished] = ran.reply as readonly [readonly StreamName[], Reply];
    onWritten(finished);
    return stale;
  };

  return {
    read: async (streams) => {
      const found = new Map<StreamName, Versioned<Row>>();
      const readSome = async (some: readonly StreamName[]) => {
        const kept = (await keyspace.run(scripts.read, [some.length, ...some])) as readonly (string | null)[];
        for (const [i, stream] of some.entries()) {
          const one = kept[i];
          if (one) found.set(stream, versionedIn<Row>(one));
        }
      };
      await Promise.all(inParts(streams, ROWS_PER_READ).map(readSome));
      return found;
    },

    write: async (changes, checkpoint) => {
      const all = changes.map(({ stream }) => stream);
      const calls = inCalls(changes.map(argumentsOf));
      const [only] = calls;
      if (only === undefined) {
        await keyspace.run(scripts.raise, [checkpoint]);
        return [];
      }
      if (calls.length === 1) return (await writeSome(only, checkpoint)) ?? all;
      const answers = await Promise.all(calls.map((call) => writeSome(call, '')));
      if (answers.some((stale) => stale === undefined)) return all;
      const stale = answers.flatMap((some) => some ?? []);
      if (stale.length > 0) return stale;
      return (await keyspace.runOnce(scripts.raise, [checkpoint])) ? [] : all;
    },

    checkpoint: async () => Number((await keyspace.run(scripts.checkpoint, [])) ?? 0),

    forget: async (endedBefore) => {
      let forgotten = 0;
      for (;;) {
        const args = [endedBefore, FORGOTTEN_PER_CALL];
        const [looked, hadRow] = (await keyspace.run(scripts.forget, args)) as readonly [number, number];
        forgotten += hadRow;
        if (looked < FORGOTTEN_PER_CALL) return forgotten;
      }
    },

    script: (...parts) => script(...start, ...parts),
    run: (ownScript, args = []) => keyspace.run(ownScript, args),
  };
};

const inParts = <T>(all: readonly T[], size: number): readonly (readonly T[])[] =>
  Array.from({ length: Math.ceil(all.length / size) }, (_, i) => all.slice(i * size, (i + 1) * size));

/** Cuts changes into calls by their number and by their length. */
const inCalls = (changes: readonly (readonly Argument[])[]): readonly (readonly (readonly Argument[])[])[] => {
  const calls: (readonly Argument[])[][] = [];
  let room = 0;
  for (const change of changes) {
    const length = change.reduce<number>((sum, argument) => sum + String(argument).length, 0);
    const call = calls.at(-1);
    if (call && call.length < CHANGES_PER_CALL && length <= room) {
      call.push(change);
      room -= length;
    } else {
      calls.push([change]);
      room = CHARACTERS_PER_CALL - length;
    }
  }
  return calls;
};
