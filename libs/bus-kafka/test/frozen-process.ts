import { systemChance, systemTimers } from '@signalbox/runtime';
import { type KafkaBusOptions, kafkaElection, kafkaSubscriber } from '../src/index.ts';

/**
 * A member of a group or a candidate in a process of its own, so that a test can freeze it. It writes a line of JSON
 * for whatever happens to it, and lives until it is killed.
 */
const [brokers = '', namespace = '', role = ''] = process.argv.slice(2);

const options: KafkaBusOptions = {
  brokers: brokers.split(','),
  tls: false,
  login: null,
  namespace,
  clientId: 'frozen',
  sessionTimeoutMs: 6_000,
  log: () => undefined,
  observer: { lag: () => undefined, paused: () => undefined, deadLetter: () => undefined },
  timers: systemTimers,
  chance: systemChance,
};
const { signal } = new AbortController();
const tell = (what: unknown) => process.stdout.write(`${JSON.stringify(what)}\n`);

const consume = () =>
  kafkaSubscriber(options).consume({
    group: 'readers',
    handle: async ({ events }) => {
      tell({ handled: events.map(({ position }) => position) });
      return [];
    },
    onAssigned: (partitions) => tell({ assigned: partitions }),
    signal,
  });

const lead = () =>
  kafkaElection(options).lead(async (leading) => {
    tell({ leads: true });
    await new Promise<void>((resolve) => leading.addEventListener('abort', () => resolve(), { once: true }));
    tell({ leads: false });
  }, signal);

for (;;) await (role === 'candidate' ? lead() : consume()).catch((error: unknown) => tell({ failed: String(error) }));
