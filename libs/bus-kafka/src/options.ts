import type { DeadLetterReason } from '@signalbox/contracts';

/** What a bus is told from outside. Durations are milliseconds. */
export type KafkaBusOptions = {
  /** `host:port` of some of the brokers; they name the others. */
  readonly brokers: readonly string[];
  readonly tls: boolean;
  /** SASL, where the brokers want to know who comes. */
  readonly login: Login | null;
  /** Stands before the names of topics and groups, so that deployments can share a broker. */
  readonly namespace: string;
  /** Names this process in the brokers' logs. */
  readonly clientId: string;
  /** After so long without a sign of life a member has lost its partitions, or the lead. Heartbeats are four times as frequent. */
  readonly sessionTimeoutMs: number;
  readonly log: KafkaLog;
  readonly observer: KafkaObserver;
  readonly timers: Timers;
  readonly chance: Chance;
};

export type Login = {
  readonly mechanism: 'plain' | 'scram-sha-256' | 'scram-sha-512';
  readonly username: string;
  readonly password: string;
};

export type KafkaLog = (
  level: 'debug' | 'info' | 'warn',
  fields: Readonly<Record<string, unknown>>,
  message: string,
) => void;

/** What can be measured. Called in passing: it must be quick and must not throw. */
export type KafkaObserver = {
  /** Messages of a partition that the group has not handled yet, whenever this member knows anew. */
  lag(group: string, partition: number, messages: number): void;
  /** Handling failed and will be tried again after a wait of `waitMs`. */
  paused(group: string, partition: number, waitMs: number, error: unknown): void;
  /** A message was set aside. Somebody should look. */
  deadLetter(group: string, reason: DeadLetterReason, detail: string): void;
};

/** Shaped like those of the runtime, which an adapter does not load. */
export type Timers = { after(ms: number, work: () => void): () => void };
export type Chance = { fraction(): number; uuid(): string };
