import { eventLogContract } from '@signalbox/conformance';
import { type NewEvent, streamName } from '@signalbox/event-sourcing';
import { describe, expect, it } from 'vitest';
import { memoryEventLog } from '../src/event-log.ts';

let logs = 0;

eventLogContract('memory', async (now) => ({ log: memoryEventLog({ now, id: `log-${++logs}` }) }));

describe('the event log in memory', () => {
  const event: NewEvent = {
    id: '00000000-0000-4000-8000-000000000001',
    type: 'ThingHappened',
    schemaVersion: 1,
    data: new Uint8Array([1]),
    keyId: null,
    metadata: { actor: 'a', correlationId: 'b', causationId: 'c', trace: null, authorisation: null },
    ...{ hash: null, previousHash: null },
  };

  it('stamps events with the clock it was given, and hands back the very bytes', async () => {
    const log = memoryEventLog({ now: () => 1_700_000_000_123, id: 'log' });
    await log.append(streamName('thing', '1'), [event], 'any');
    const [seen] = await log.readStream(streamName('thing', '1'));
    expect(seen?.recordedAt).toBe(1_700_000_000_123);
    expect(seen?.data).toBe(event.data);
    expect(log.id).toBe('log');
    expect(log.supports).toEqual({ durable: false, liveStreams: true });
  });

  it('takes an event id that is in another stream for a conflict', async () => {
    const log = memoryEventLog({ now: () => 0, id: 'log' });
    await log.append(streamName('thing', '1'), [event], 'any');
    const other = { ...event, id: '00000000-0000-4000-8000-000000000002' };
    expect(await log.append(streamName('thing', '2'), [other, event], 'no_stream')).toEqual({
      kind: 'conflict',
      actual: 'no_stream',
    });
    expect(await log.append(streamName('thing', '2'), [event], 'any')).toEqual({
      kind: 'conflict',
      actual: 'no_stream',
    });
    expect(await log.head()).toBe(1);
  });
});
