import { z } from 'zod';
import { deadLetterHeaders } from './dead-letter.ts';
import { eventHeaders } from './event-message.ts';
import { topicsOf } from './topics.ts';

const schemaOf = (schema: z.ZodType) => {
  const { $schema: _, ...described } = z.toJSONSchema(schema, { io: 'input', target: 'draft-7' });
  return described;
};

/** What the bus carries, as an AsyncAPI 3 document, made of the very schemas that consumers check messages with. */
export const asyncApi = (options: { readonly namespace: string; readonly version: string }) => {
  const topics = topicsOf(options.namespace);
  const key = { type: 'string', description: 'The stream.' };
  return {
    asyncapi: '3.0.0',
    info: {
      title: 'Signalbox events',
      version: options.version,
      description:
        'Every event of the log, at least once. Events of a stream share a partition and are in order, save for repetitions.',
      license: { name: 'Apache-2.0' },
    },
    defaultContentType: 'application/json',
    channels: {
      events: { address: topics.events, messages: { event: { $ref: '#/components/messages/event' } } },
      deadLetters: {
        address: topics.deadLetters,
        messages: { deadLetter: { $ref: '#/components/messages/deadLetter' } },
      },
    },
    operations: {
      publishEvents: {
        action: 'send',
        channel: { $ref: '#/channels/events' },
        messages: [{ $ref: '#/channels/events/messages/event' }],
      },
      setAside: {
        action: 'send',
        channel: { $ref: '#/channels/deadLetters' },
        messages: [{ $ref: '#/channels/deadLetters/messages/deadLetter' }],
      },
    },
    components: {
      messages: {
        event: {
          summary: 'An event: CloudEvents 1.0, Kafka binding, binary mode.',
          headers: schemaOf(eventHeaders),
          payload: { description: 'The event’s data: JSON by its type and schema version, or sealed bytes.' },
          bindings: { kafka: { key } },
        },
        deadLetter: {
          summary: 'A message that a consumer group passed by, with its own headers beside these.',
          headers: schemaOf(deadLetterHeaders),
          payload: { description: 'The value as it came.' },
          bindings: { kafka: { key } },
        },
      },
    },
  } as const;
};
