import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemChance, systemClock } from '@signalbox/runtime';
import { request } from 'undici';
import { type ServerProcess, startServer } from '../driver/server-process.ts';
import { settings } from '../driver/targets.ts';
import type { Engines } from './engines.ts';

export type Role = 'command' | 'query' | 'gateway' | 'projector' | 'scheduler' | 'relay';

export const ROLES: readonly Role[] = ['command', 'query', 'gateway', 'projector', 'scheduler', 'relay'];

/** A process of the stack. */
export type Member = ServerProcess & {
  readonly role: Role;
  /** The sum over all series of a metric; 0 while there are none. */
  metric(name: string): Promise<number>;
};

export type Stack = {
  readonly namespace: string;
  readonly members: readonly Member[];
  of(role: Role): readonly Member[];
  /** One more of a role; resolves when it is ready. */
  add(role: Role, extra?: Readonly<Record<string, string>>): Promise<Member>;
  stop(): Promise<void>;
};

const PARTITIONS = 12;
const READY_WITHIN_MS = 60_000;

const key = (): string => Buffer.from(systemChance.bytes(32)).toString('hex');

const main = (role: Role) => fileURLToPath(new URL(`../../services/${role}/src/main.ts`, import.meta.url));

/** Repeats `look` until it answers with something other than null. */
export const eventually = async <T>(what: string, withinMs: number, everyMs: number, look: () => Promise<T | null>) => {
  const deadline = systemClock.monotonic() + withinMs;
  for (;;) {
    const seen = await look();
    if (seen !== null) return seen;
    if (systemClock.monotonic() > deadline) throw new Error(`It took too long until ${what}.`);
    await sleep(everyMs);
  }
};

/** So many processes of each role under a namespace of their own, ready to work. */
export const startRoles = async (
  engines: Engines,
  counts: Readonly<Partial<Record<Role, number>>>,
  extra: Readonly<Record<string, string>> = {},
): Promise<Stack> => {
  const namespace = `bench-${systemChance.uuid().slice(0, 8)}`;
  const adminKey = key();
  const env = {
    ...settings,
    SIGNALBOX_MASTER_KEYS: key(),
    SIGNALBOX_TOKEN_KEYS: key(),
    SIGNALBOX_ADMIN_KEYS: adminKey,
    SIGNALBOX_CHECKPOINT_KEYS: key(),
    SIGNALBOX_EVENTSTOREDB_URL: engines.eventStoreDbUrl,
    SIGNALBOX_KAFKA_BROKERS: engines.kafkaBrokers.join(','),
    SIGNALBOX_KAFKA_PARTITIONS: String(PARTITIONS),
    SIGNALBOX_REDIS_URL: engines.redisUrl,
    SIGNALBOX_KEYS_URL: engines.keysUrl,
    SIGNALBOX_NAMESPACE: namespace,
    // Answers leave when an event is recorded, so that what comes after can be measured.
    SIGNALBOX_SHOWN_WITHIN_MS: '0',
    ...extra,
  };
  const members: Member[] = [];

  const start = async (role: Role, more: Readonly<Record<string, string>> = {}): Promise<Member> => {
    // Those without requests say at this level who leads and who has which partitions, and little else.
    const level = role === 'relay' || role === 'projector' ? 'info' : 'warn';
    const server = await startServer(main(role), { ...env, SIGNALBOX_LOG_LEVEL: level, ...more });
    const headers = { authorization: `Bearer ${adminKey}` };
    const metric = async (name: string) => {
      const { body } = await request(`${server.origin}/metrics`, { headers });
      const series = new RegExp(`^${name}(?:\\{[^}]*\\})? (\\S+)`, 'gm');
      return [...(await body.text()).matchAll(series)].reduce((sum, [, value]) => sum + Number(value), 0);
    };
    const member = { ...server, role, metric };
    members.push(member);
    return member;
  };

  const stop = async () => {
    await Promise.all(members.map((member) => member.stop()));
  };

  const ready = () =>
    eventually('every process is ready', READY_WITHIN_MS, 100, async () => {
      const answers = await Promise.all(members.map(({ origin }) => request(`${origin}/ready`)));
      for (const { body } of answers) await body.dump();
      const leads = members
        .filter(({ role }) => role === 'relay')
        .map((relay) => relay.metric('signalbox_relay_leader'));
      const isLed = leads.length === 0 || (await Promise.all(leads)).includes(1);
      return answers.every(({ statusCode }) => statusCode === 200) && isLed && areDealtOut(members) ? true : null;
    });

  try {
    await Promise.all(ROLES.flatMap((role) => Array.from({ length: counts[role] ?? 0 }, () => start(role))));
    await ready();
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    namespace,
    members,
    of: (role) => members.filter((member) => member.role === role),
    add: async (role, more) => {
      const member = await start(role, more);
      await ready();
      return member;
    },
    stop,
  };
};

/** Every projector has its share of the partitions, and there is none that two have. */
const areDealtOut = (members: readonly Member[]): boolean => {
  const projectors = members.filter(({ role }) => role === 'projector');
  const shares = projectors.map((one) =>
    ([...one.output().matchAll(/"partitions":\[([\d,]*)\]/g)].at(-1)?.[1] ?? '').split(',').filter(Boolean),
  );
  const dealt = shares.flat();
  return (
    projectors.length === 0 ||
    (dealt.length === PARTITIONS && new Set(dealt).size === PARTITIONS && shares.every(({ length }) => length > 0))
  );
};
