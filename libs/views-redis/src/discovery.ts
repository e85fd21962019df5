import type { View } from '@signalbox/event-sourcing';
import type { Discovery, DiscoveryRow, Forgets, OfferFilter } from '@signalbox/read-models';
import type { Reply } from './connection.ts';
import { COUNT, HIDE_EXPIRED, OFFER_INDEX, OLDEST, PAGE, RANDOM } from './discovery.lua.ts';
import type { Keyspace } from './keyspace.ts';
import { NO_OUTPUT } from './rows.lua.ts';
import type { Script } from './script.ts';
import { matches } from './versions.ts';
import { type Argument, redisRows, rowIn } from './views.ts';

/**
 * How many draws each tag asked for is worth before a random pick goes through all that matches: then one has not failed
 * by chance. An offer is in one list for each of these tags at most, however many versions of a service there are.
 */
const DRAWS_PER_TAG = 128;

const SEEDS = 2 ** 31;

/** The lists of a version of a service; the length tells a name from what follows it, whatever they hold. */
const listsOfVersion = (name: string, version: string) => {
  const prefix = `version:${name.length}:${name}:${version.length}:${version}:`;
  return { all: `${prefix}all`, tag: (tag: string) => `${prefix}tag:${tag}` };
};

const ALL_OFFERS = { all: 'all', tag: (tag: string) => `tag:${tag}` };

const factsOf = ({ order, expiresAt, publisher, service, tags }: DiscoveryRow): readonly Argument[] => {
  const different = [...new Set(tags)];
  const indexes = service === null ? [ALL_OFFERS] : [ALL_OFFERS, listsOfVersion(service.name, service.version)];
  const lists = indexes.flatMap(({ all, tag }) => [all, ...different.map(tag)]);
  const { name, version } = service ?? { name: '', version: '' };
  return [order, expiresAt, publisher, name, version, different.length, ...different, ...lists];
};

/**
 * Open offers, found by tag and by service. Each tag, each version of a service, and each tag of such a version has a
 * list of its own, so that any filter comes down to a few lists and nothing is looked at that does not match, but for
 * the offers of the identity that is left out.
 */
export const redisDiscovery = (
  keyspace: Keyspace,
  options: {
    /** `fraction` is at least 0 and below 1. */
    readonly chance: { fraction(): number };
  },
): View<DiscoveryRow> & Discovery & Forgets => {
  const rows = redisRows<DiscoveryRow>(keyspace, {
    name: 'discovery',
    facts: factsOf,
    lua: [OFFER_INDEX, NO_OUTPUT],
  });
  const look = (...parts: readonly string[]) => rows.script(OFFER_INDEX, HIDE_EXPIRED, ...parts);
  const scripts = {
    versions: rows.script(`return redis.call('HKEYS', view .. 'versions:' .. take())`),
    page: look(PAGE),
    random: look(RANDOM),
    oldest: look(OLDEST),
    count: look(COUNT),
    openCount: look(`return redis.call('ZCARD', view .. 'all')`),
  };

  const ask = async (script: Script, now: number, args: readonly Argument[]): Promise<Reply> => {
    for (;;) {
      const reply = await rows.run(script, [now, ...args]);
      if (reply !== 'AGAIN') return reply;
    }
  };

  /**
   * The lists whose union is what the filter asks for, `except` aside. Lists of one group may share offers; those of
   * different groups, which are versions of a service, share none.
   */
  const groupsFor = async ({ tags, service }: OfferFilter): Promise<readonly (readonly string[])[]> => {
    const different = [...new Set(tags)];
    const listsIn = ({ all, tag }: typeof ALL_OFFERS) => (different.length === 0 ? [all] : different.map(tag));
    if (service === null) return [listsIn(ALL_OFFERS)];
    const versions = (await rows.run(scripts.versions, [service.name])) as readonly string[];
    const matching = versions.filter((version) => matches(version, service.range));
    return matching.map((version) => listsIn(listsOfVersion(service.name, version)));
  };

  const page: Discovery['page'] = async (filter, { before, skip, limit, now }) => {
    const lists = (await groupsFor(filter)).flat();
    const found: DiscoveryRow[] = [];
    let from = before === null ? '+inf' : `(${before}`;
    let toSkip = skip;
    while (found.length < limit) {
      const wanted = Math.min(limit - found.length, ROWS_PER_CALL);
      const args = [from, toSkip, wanted, filter.except ?? '', lists.length, ...lists];
      const reply = (await ask(scripts.page, now, args)) as readonly [
        number,
        string,
        number,
        readonly (string | null)[],
      ];
      const [isComplete, next, left, kept] = reply;
      found.push(...kept.flatMap((one) => (one === null ? [] : (rowIn<DiscoveryRow>(one) ?? []))));
      if (isComplete === 1 && kept.length < wanted) break;
      const last = found.at(-1);
      from = kept.length === wanted && last ? `(${last.order}` : next;
      toSkip = left;
    }
    return found;
  };

  return {
    read: rows.read,
    write: rows.write,
    checkpoint: rows.checkpoint,
    forget: rows.forget,
    page,

    random: async (filter, now) => {
      const groups = await groupsFor(filter);
      const tagsEach = groups.reduce((most, lists) => Math.max(most, lists.length), 0);
      const seed = Math.floor(options.chance.fraction() * SEEDS);
      const lists = groups.flatMap((group) => [group.length, ...group]);
      const args = [seed, filter.except ?? '', DRAWS_PER_TAG * tagsEach, groups.length, ...lists];
      const kept = (await ask(scripts.random, now, args)) as string | null;
      if (kept === null) return undefined;
      if (kept !== 'UNLUCKY') return rowIn<DiscoveryRow>(kept);
      // Nearly all that matches belongs to the identity that is left out, and an identity has a bounded number.
      const others = await page(filter, { before: null, skip: 0, limit: Number.MAX_SAFE_INTEGER, now });
      return others[Math.floor(options.chance.fraction() * others.length)];
    },

    oldest: async (filter, now) => {
      const lists = (await groupsFor(filter)).flat();
      const kept = (await ask(scripts.oldest, now, [filter.except ?? '', lists.length, ...lists])) as string | null;
      return kept === null ? undefined : rowIn<DiscoveryRow>(kept);
    },

    count: async (tags, unique, now) => {
      const different = [...new Set(tags)];
      const counts = await ask(scripts.count, now, [unique ? 1 : 0, different.length, ...different]);
      return new Map(different.map((tag, i) => [tag, Number((counts as readonly number[])[i])]));
    },

    openCount: async (now) => Number(await ask(scripts.openCount, now, [])),
  };
};

/** How many rows one call gives at most. */
const ROWS_PER_CALL = 200;
