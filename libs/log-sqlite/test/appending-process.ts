/**
 * Run by one-writer.test.ts in a process of its own, until it is killed: appends two events at a time to a handful of
 * streams, many at once, and prints the id of each event once its append has been acknowledged.
 */
import { type NewEvent, streamName } from '@signalbox/event-sourcing';
import { openSqliteLog } from '../src/index.ts';

const [path = '', cycle = '0'] = process.argv.slice(2);
const log = await openSqliteLog({ path, now: () => 1_760_000_000_000, newLogId: () => 'the log' });

let made = 0;
const anEvent = (): NewEvent => ({
  id: `${cycle.padStart(8, '0')}-0000-7000-8000-${(++made).toString(16).padStart(12, '0')}`,
  type: 'ThingHappened',
  schemaVersion: 1,
  data: Buffer.alloc(700, made),
  keyId: null,
  metadata: { actor: 'a', correlationId: 'b', causationId: 'c', trace: null, authorisation: null },
  ...{ hash: null, previousHash: null },
});

const appendForEver = async (number: number) => {
  const stream = streamName('thing', `${cycle}-${number}`);
  for (;;) {
    const events = [anEvent(), anEvent()];
    await log.append(stream, events, 'any');
    process.stdout.write(`${events.map((event) => event.id).join('\n')}\n`);
  }
};
await Promise.all(Array.from({ length: 32 }, (_, number) => appendForEver(number)));
