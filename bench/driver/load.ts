import { systemClock } from '@signalbox/runtime';
import { Client, type Dispatcher } from 'undici';

/** A request that is ready to be sent, signed where it has to be. */
export type Prepared = {
  readonly method: 'GET' | 'POST';
  readonly path: string;
  /** Names and values in turn. */
  readonly headers: readonly string[];
  readonly body: Buffer | null;
  /** What the answer must be; anything else ends the bench. */
  readonly status: number;
};

/** How one round went. Times in milliseconds. */
export type Measured = {
  readonly count: number;
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
};

/** Sends on one connection and resolves with the body of the answer. */
export type Send = (request: Prepared) => Promise<Buffer>;

/** Connections to one server that are kept open, one request at a time on each. */
export class Connections {
  readonly #clients: readonly Client[];

  constructor(origin: string, count: number) {
    this.#clients = Array.from(
      { length: count },
      () => new Client(origin, { keepAliveTimeout: 60_000, pipelining: 1 }),
    );
  }

  /** On the first connection: for what prepares a round. */
  send(request: Prepared): Promise<Buffer> {
    return send(this.#clients[0]!, request);
  }

  /** Sends all of them, in order, each as soon as a connection is free. */
  sendAll(requests: readonly Prepared[]): Promise<Measured> {
    return this.run(requests.length, (index, sendIt) => sendIt(requests[index]!));
  }

  /** Does `work` `count` times, on each connection one after another, and measures each time. */
  async run(
    count: number,
    work: (index: number, send: Send, connection: number) => Promise<unknown>,
  ): Promise<Measured> {
    const latencies = new Float64Array(count);
    let next = 0;
    const startedAt = systemClock.monotonic();
    const runOne = async (client: Client, connection: number) => {
      const sendIt: Send = (request) => send(client, request);
      for (let index = next++; index < count; index = next++) {
        const sentAt = systemClock.monotonic();
        await work(index, sendIt, connection);
        latencies[index] = systemClock.monotonic() - sentAt;
      }
    };
    await Promise.all(this.#clients.map(runOne));
    const seconds = (systemClock.monotonic() - startedAt) / 1_000;
    latencies.sort();
    return { count, perSecond: count / seconds, p50: at(latencies, 0.5), p99: at(latencies, 0.99) };
  }

  async close(): Promise<void> {
    await Promise.all(this.#clients.map((client) => client.close()));
  }
}

/** The value below which `part` of the sorted values lie. */
export const at = (sorted: Float64Array, part: number): number =>
  sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? Number.NaN;

const send = (client: Client, request: Prepared): Promise<Buffer> => {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  client.dispatch(
    { method: request.method, path: request.path, headers: request.headers as string[], body: request.body },
    receive(request, resolve, reject),
  );
  return promise;
};

const receive = (
  request: Prepared,
  resolve: (body: Buffer) => void,
  reject: (error: Error) => void,
): Dispatcher.DispatchHandler => {
  let status = 0;
  const chunks: Buffer[] = [];
  return {
    onRequestStart: () => undefined,
    onResponseStart: (_controller, code) => {
      status = code;
    },
    onResponseData: (_controller, chunk) => {
      chunks.push(chunk);
    },
    onResponseEnd: () => {
      const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
      if (status === request.status) resolve(body);
      else
        reject(new Error(`${request.method} ${request.path} was answered ${status}: ${body.toString('utf8', 0, 500)}`));
    },
    onResponseError: (_controller, error) => reject(error),
  };
};
