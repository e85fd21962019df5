import { connect } from 'node:net';
import { connect as connectSecurely } from 'node:tls';
import { type ISocketFactory, Kafka, type LogEntry, logLevel, type RetryOptions, type SASLOptions } from 'kafkajs';
import type { KafkaBusOptions, KafkaLog, Login } from './options.ts';

/** A dead connection is noticed after that long, where the system's own settings agree. */
const KEEP_ALIVE_MS = 30_000;

/** Passing trouble only: what lasts is for the caller, who starts afresh. Given in full, since a test run has other defaults. */
export const retries: Required<Omit<RetryOptions, 'restartOnFailure'>> = {
  initialRetryTime: 50,
  maxRetryTime: 1_000,
  factor: 0.2,
  multiplier: 2,
  retries: 5,
};

/** Four heartbeats within a session timeout: three may be lost. */
export const heartbeatMs = (sessionTimeoutMs: number): number => Math.floor(sessionTimeoutMs / 4);

/**
 * A client of its own for every part that connects: the library keeps a group's progress with the client, and two
 * members made from one client would read each other's.
 */
export const kafkaClient = ({ brokers, tls, login, clientId, log }: KafkaBusOptions): Kafka =>
  new Kafka({
    brokers: [...brokers],
    clientId,
    ssl: tls,
    ...(login ? { sasl: saslOf(login) } : {}),
    connectionTimeout: 3_000,
    requestTimeout: 10_000,
    retry: retries,
    socketFactory,
    logLevel: logLevel.INFO,
    logCreator: () => (entry) => forward(entry, log),
  });

/** Requests are small and somebody waits for each: they are not held back to fill a packet. */
const socketFactory: ISocketFactory = ({ host, port, ssl, onConnect }) =>
  (ssl ? connectSecurely({ servername: host, ...ssl, host, port }, onConnect) : connect({ host, port }, onConnect))
    .setNoDelay(true)
    .setKeepAlive(true, KEEP_ALIVE_MS);

const saslOf = ({ mechanism, username, password }: Login): SASLOptions => ({ mechanism, username, password });

/**
 * One step milder than the library has it: it reports as errors what it then gets over, and what it does not get over
 * reaches the caller, who reports it.
 */
const forward = (
  { level, namespace, log: { message, timestamp: _, logger: __, stack: ___, ...fields } }: LogEntry,
  log: KafkaLog,
) => {
  const milder =
    namespace === 'Connection' || level > logLevel.WARN ? 'debug' : level === logLevel.WARN ? 'info' : 'warn';
  log(milder, { ...fields, part: namespace }, `kafka: ${message}`);
};
