import { EventStoreDBClient, jsonEvent } from '@eventstore/db-client';
import { describe, expect, it, onTestFinished } from 'vitest';
import { findEventStoreDb, startEventStoreDbDouble } from '../src/engines/eventstoredb.ts';
import { until } from '../src/index.ts';

describe('the store that tests use', () => {
  it('is the one that the environment names, which they may not harm', async () => {
    const byAddress = await findEventStoreDb({ SIGNALBOX_TEST_EVENTSTOREDB: 'events.example:2113' });
    expect(byAddress).toMatchObject({
      kind: 'real',
      url: 'esdb://events.example:2113?tls=false',
      address: 'events.example:2113',
      description: 'EventStoreDB at events.example:2113',
    });
    await expect(byAddress.kill()).rejects.toThrow('not this test');
    const url = 'esdb://admin:changeit@events.example:2113?tls=true';
    const byUrl = await findEventStoreDb({ SIGNALBOX_TEST_EVENTSTOREDB: url });
    expect(byUrl).toMatchObject({ url, description: 'EventStoreDB at events.example:2113' });
  });
});

describe('the double as a process', () => {
  it('says that it is one, and keeps what it acknowledged when it is killed', async () => {
    const engine = await startEventStoreDbDouble();
    onTestFinished(() => engine.stop());
    const client = EventStoreDBClient.connectionString(engine.url);
    onTestFinished(() => client.dispose());
    expect(engine.kind).toBe('double');
    expect(engine.description).toContain('protocol server');
    const append = (expectedRevision: 'no_stream' | bigint) =>
      client.appendToStream('a-1', jsonEvent({ type: 'Happened', data: { what: 'a thing' } }), { expectedRevision });
    await append('no_stream');
    await engine.restart();
    const next = await until('the client has connected again', () => append(0n));
    expect(next).toMatchObject({ success: true, nextExpectedRevision: 1n });
  });
});
