import { kafkaPublisher } from '@signalbox/bus-kafka';
import { laneOf, type RecordedEvent, type StreamName, streamName } from '@signalbox/event-sourcing';
import { systemChance, systemClock } from '@signalbox/runtime';
import { until } from '@signalbox/testing';
import { expect, it } from 'vitest';
import { busOptionsOf, headerOf, putOnTopic, readDeadLetters } from '../support/bus.ts';
import { startLoad } from '../support/load.ts';
import { openStackLog } from '../support/log.ts';
import { metricOf } from '../support/metrics.ts';
import { type Stack, startFaultStack } from '../support/stack.ts';
import { expectWhole, summaryOf } from '../support/whole.ts';

const PARTITIONS = [0, 1, 2, 3] as const;
const METRIC = 'signalbox_dead_letters_total';

/** A stream of nobody whose events go to this partition. */
const streamIn = (partition: number): StreamName => {
  for (;;) {
    const stream = streamName('session', systemChance.uuid());
    if (laneOf(stream) % PARTITIONS.length === partition) return stream;
  }
};

/** An event as the log has them, for a stream that the log does not have. */
const anEvent = async (stack: Stack): Promise<RecordedEvent> => {
  const log = await openStackLog(stack);
  try {
    const [first] = await log.readAll(0, 1);
    if (!first) throw new Error('The log is empty.');
    return { ...first, recordedAt: systemClock.now() };
  } finally {
    await log.close();
  }
};

it('messages that are no events, unreadable events and events of unknown types are set aside, and hold nothing up', async ({
  annotate,
}) => {
  await using stack = await startFaultStack();
  const load = await startLoad(stack);
  await load.more(60);

  const real = await anEvent(stack);
  let made = 0;
  const event = (partition: number, changed: Partial<RecordedEvent>): RecordedEvent => ({
    ...{ ...real, id: systemChance.uuid(), stream: streamIn(partition), revision: 0, position: real.position + ++made },
    ...changed,
  });
  const unreadable = PARTITIONS.map((p) => event(p, { type: 'OfferPublished', data: Buffer.from('{"publisher":7}') }));
  const unknown = PARTITIONS.map((p) => event(p, { type: 'SessionTeleported', data: Buffer.from('{}') }));
  const publisher = kafkaPublisher(busOptionsOf(stack));
  try {
    await putOnTopic(
      stack,
      PARTITIONS.map((partition) => ({ partition, value: Buffer.from([0xff, 0xfe, partition]) })),
    );
    await publisher.publish([...unreadable, ...unknown], 0);
  } finally {
    await publisher.close();
  }
  await annotate(`poisoned: all flows after ${await load.flows()} ms`);

  await using aside = await readDeadLetters(stack);
  await until('all twelve are set aside', () => aside.letters.length >= 12, { withinMs: 30_000 });
  const reasons = aside.letters.map((letter) =>
    ['deadletterreason', 'ce_type', 'deadletterpartition', 'deadletterdetail'].map((name) => headerOf(letter, name)),
  );
  const garbage = /^(?=.*ce_id)(?=.*ce_type)/;
  expect(reasons.toSorted()).toEqual(
    [
      ...PARTITIONS.map((p) => ['unreadable', '', String(p), expect.stringMatching(garbage)]),
      ...PARTITIONS.map((p) => [
        'poison',
        'OfferPublished',
        String(p),
        expect.stringContaining('does not match its schema'),
      ]),
      ...PARTITIONS.map((p) => [
        'poison',
        'SessionTeleported',
        String(p),
        expect.stringContaining('SessionTeleported'),
      ]),
    ].toSorted(([a = '', b = '', c = ''], [d = '', e = '', f = '']) => (`${a}${b}${c}` < `${d}${e}${f}` ? -1 : 1)),
  );
  const projector = stack.one('projector');
  expect(await metricOf(projector, METRIC, 'unreadable')).toBe(4);
  expect(await metricOf(projector, METRIC, 'poison')).toBe(8);
  await load.more(40);
  await expectWhole(stack, load);
  await annotate(summaryOf(load));
});
