import { type DeadLetterHeaders, type DeadLetterReason, topicsOf } from '@signalbox/contracts';
import type { KafkaMessage, Producer } from 'kafkajs';
import { kafkaClient, retries } from './client.ts';
import type { KafkaBusOptions } from './options.ts';

export type DeadLetter = {
  readonly message: KafkaMessage;
  readonly partition: number;
  readonly reason: DeadLetterReason;
  readonly detail: string;
};

/** Sets messages aside for one group. It connects when there is something to set aside. */
export interface DeadLetters {
  /** Resolves when the bus has all of them; rejects when it may not. */
  send(letters: readonly DeadLetter[]): Promise<void>;
  close(): Promise<void>;
}

export const deadLettersOf = (group: string, options: KafkaBusOptions): DeadLetters => {
  const topics = topicsOf(options.namespace);
  let open: Promise<Producer> | null = null;

  const close = async () => {
    const producer = await open?.catch(() => null);
    open = null;
    await producer?.disconnect().catch(() => undefined);
  };

  return {
    send: async (letters) => {
      if (letters.length === 0) return;
      open ??= connected(options);
      try {
        const producer = await open;
        const messages = letters.map(({ message, partition, reason, detail }) => {
          const origin: DeadLetterHeaders = {
            deadletterreason: reason,
            deadletterdetail: detail,
            deadlettergroup: group,
            deadlettertopic: topics.events,
            deadletterpartition: String(partition),
            deadletteroffset: message.offset,
          };
          return { key: message.key, value: message.value, headers: { ...message.headers, ...origin } };
        });
        await producer.send({ topic: topics.deadLetters, acks: -1, messages });
      } catch (error) {
        await close();
        throw error;
      }
      for (const { reason, detail } of letters) options.observer.deadLetter(group, reason, detail);
    },
    close,
  };
};

const connected = async (options: KafkaBusOptions): Promise<Producer> => {
  const producer = kafkaClient(options).producer({
    allowAutoTopicCreation: false,
    createPartitioner: () => () => 0,
    retry: retries,
  });
  await producer.connect();
  return producer;
};
