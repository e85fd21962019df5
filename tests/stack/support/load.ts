import { systemChance, systemClock } from '@signalbox/runtime';
import { until } from '@signalbox/testing';
import {
  anonymous,
  type Caller,
  ed25519Caller,
  hmacCaller,
  type Issued,
  newKey,
  newTag,
  send,
  tokenFor,
} from '../../support/client.ts';
import type { Actor } from '../../support/crash-model.ts';
import { interval } from '../../support/real-time.ts';
import { edCaller, htCaller } from '../../support/rondevu.ts';
import type { Target } from '../../support/server.ts';
import { type Notes, newNotes, PATIENCE_MS, untilAcknowledged } from './client.ts';
import { type FeedReader, readFeed, watchDiscovery } from './feed.ts';
import { livesOn, type Model, type Parties } from './lives.ts';

/** Sessions begun per second: a moderate load for a small machine that runs the whole stack besides. */
const PER_SECOND = Number(process.env.FAULT_SESSIONS_PER_SECOND ?? 12);
/** While the stack is away clients wait, and no more than so many come. */
const AT_MOST = 80;
const LOOK_EVERY_MS = 100;
const VISIBLE_WITHIN_MS = 120_000;

export type Load = {
  readonly tag: string;
  readonly anyone: Caller;
  readonly actors: readonly Actor[];
  readonly model: Model;
  readonly notes: Notes;
  readonly readers: readonly FeedReader[];
  readonly discovery: ReturnType<typeof watchDiscovery>;
  /** Resolves when so many more commands have been acknowledged. */
  more(commands: number): Promise<void>;
  /** Resolves after so many milliseconds of load, be it answered or not. */
  for(ms: number): Promise<void>;
  /** Answers with the whole milliseconds since this was called. */
  stopwatch(): () => number;
  /**
   * Resolves when a session that begins now has gone through the whole stack, to both feeds and through the gateway,
   * and an offer has ended by itself. Answers with how many milliseconds that took.
   */
  flows(): Promise<number>;
  /** Lets what has begun come to its end, and begins nothing more. */
  finish(): Promise<void>;
  /** The readers too. */
  stop(): Promise<void>;
};

/** As many identities as there are ways to prove one, twice. */
const newActors = async (target: Target, notes: Notes): Promise<readonly Actor[]> => {
  const issue = () =>
    untilAcknowledged('a credential', notes, () =>
      send<Issued>(target, anonymous, {
        ...{ method: 'POST', path: '/v1/credentials', headers: { 'idempotency-key': systemChance.uuid() } },
      }),
    );
  const signing = async (): Promise<Actor> => {
    const key = newKey();
    return { caller: ed25519Caller(key), rpc: edCaller(key) };
  };
  const bearing = async (): Promise<Actor> => {
    const key = newKey();
    return { caller: await tokenFor(target, ed25519Caller(key)), rpc: edCaller(key) };
  };
  const credentialed = async (): Promise<Actor> => {
    const { name, secret } = (await issue()).body;
    return { caller: hmacCaller(name, secret), rpc: htCaller({ name, secret }) };
  };
  return Promise.all([signing(), bearing(), credentialed(), signing(), bearing(), credentialed()]);
};

const stopwatch = () => {
  const from = systemClock.monotonic();
  return () => Math.round(systemClock.monotonic() - from);
};

/** A steady load of writers, readers of feeds and people who look around, until it is told to finish. */
export const startLoad = async (target: Target): Promise<Load> => {
  const notes = newNotes();
  const tag = newTag();
  const anyone = ed25519Caller();
  const actors = await newActors(target, notes);
  const model: Model = { sessions: [], doubtful: [] };
  const lives = livesOn({ target, model, notes, tag });
  const readers = actors.map(({ caller }) => readFeed(target, caller, notes));
  const looker = await tokenFor(target, anyone);
  const discovery = watchDiscovery(target, looker, tag, LOOK_EVERY_MS);

  const underWay = new Set<Promise<void>>();
  const failures: unknown[] = [];
  let finishing = false;
  let begun = 0;

  const partiesOf = (number: number): Parties => {
    const at = (index: number) => actors[index % actors.length] as Actor;
    return { offerer: at(number), answerer: at(number + 1 + (Math.floor(number / actors.length) % 4)) };
  };
  const kinds = [lives.whole, lives.unkeyed, lives.calledOff, lives.brief, lives.whole, lives.unkeyed, lives.open];
  const begin = () => {
    const parties = partiesOf(begun);
    const kind = kinds[begun % kinds.length] ?? lives.whole;
    begun++;
    const life = Promise.resolve(kind(parties)).then(
      () => undefined,
      (error: unknown) => {
        failures.push(error);
      },
    );
    underWay.add(life);
    void life.finally(() => underWay.delete(life));
  };
  const beginning = (async () => {
    while (!finishing) {
      if (underWay.size < AT_MOST) begin();
      await interval(1_000 / PER_SECOND);
    }
  })();

  const unlessFailed = () => {
    const faults = [...readers.flatMap((one) => one.faults), ...discovery.faults];
    if (failures.length > 0 || faults.length > 0) {
      throw new AggregateError(failures, [...failures.slice(0, 5).map(String), ...faults.slice(0, 5)].join('\n'));
    }
  };
  /** Like `until`, but ends at once when something has gone wrong that no waiting mends. */
  const untilOrFailed = async (what: string, condition: () => boolean) => {
    await until(what, () => failures.length > 0 || readers.some((one) => one.faults.length > 0) || condition(), {
      withinMs: VISIBLE_WITHIN_MS,
      everyMs: 10,
    });
    unlessFailed();
  };
  const toldOf = (actor: Actor, id: string) =>
    readers.find(({ identity }) => identity === actor.caller.identity)?.told.get(id) ?? [];

  const wholeRound = async () => {
    const parties = partiesOf(begun++);
    const { id } = await lives.whole(parties);
    await untilOrFailed('both feeds show what was just written', () => {
      const [offerer, answerer] = [toldOf(parties.offerer, id), toldOf(parties.answerer, id)];
      return offerer.length === 3 && answerer.length === 2;
    });
  };
  const ownEnd = async () => {
    const parties = partiesOf(begun++);
    const { id } = await lives.brief(parties, 50);
    await untilOrFailed('an offer ends by itself', () => toldOf(parties.offerer, id).includes('expired'));
  };
  const gateway = async () => {
    const before = model.doubtful.length;
    await lives.unkeyed(partiesOf(begun++));
    return model.doubtful.length === before;
  };

  return {
    ...{ tag, anyone, actors, model, notes, readers, discovery },
    more: async (commands) => {
      const wanted = notes.acknowledged + commands;
      await untilOrFailed(`${commands} more commands are acknowledged`, () => notes.acknowledged >= wanted);
    },
    for: async (ms) => {
      await interval(ms);
      unlessFailed();
    },
    stopwatch,
    flows: async () => {
      const took = stopwatch();
      const throughGateway = until('the gateway takes an offer', gateway, { withinMs: PATIENCE_MS, everyMs: 100 });
      await Promise.all([wholeRound(), ownEnd(), throughGateway]);
      unlessFailed();
      return took();
    },
    finish: async () => {
      finishing = true;
      await beginning;
      await Promise.all(underWay);
      unlessFailed();
    },
    stop: async () => {
      finishing = true;
      await Promise.all([...readers.map((one) => one.stop()), discovery.stop()]);
      unlessFailed();
    },
  };
};
