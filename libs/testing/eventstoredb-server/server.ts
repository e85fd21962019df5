import gossipServices from '@eventstore/db-client/generated/gossip_grpc_pb.js';
import featureServices from '@eventstore/db-client/generated/serverfeatures_grpc_pb.js';
import streamServices from '@eventstore/db-client/generated/streams_grpc_pb.js';
import { type handleUnaryCall, Server, ServerCredentials } from '@grpc/grpc-js';
import { append, batchAppend } from './appends.ts';
import { type CallKind, createCalls } from './calls.ts';
import { clusterOf, supportedMethods } from './cluster.ts';
import { dropped } from './errors.ts';
import { createTrouble } from './faults.ts';
import { openStoreFile } from './file.ts';
import type { Node } from './node.ts';
import { read } from './reads.ts';
import { createStore, type ProposedEvent } from './store.ts';

/** Messages up to this size are taken, as by the real server. */
const MAX_MESSAGE_BYTES = 17 << 20;

export type EventStoreDbServer = {
  /** A connection string for `@eventstore/db-client`. */
  readonly url: string;
  readonly port: number;
  /** How many events have been committed. */
  size(): number;
  /** How many calls are open, of one kind or in all. */
  openCalls(kind?: CallKind): number;
  /** Writes events past the protocol: what others, or the server itself, put into the same store. */
  write(stream: string, events: readonly ProposedEvent[]): void;
  readonly faults: {
    /** Ends every open call as a broken connection does. */
    dropCalls(): void;
    /** The next append is committed; its answer is lost with the call (`dropped`) or just never comes (`silent`). */
    loseNextAnswer(how: 'dropped' | 'silent'): void;
    /** Holds the answers of appends back for so long; 0 ends it. */
    delayAppends(ms: number): void;
    /** Rests for so long before each event that is read; 0 ends it. */
    slowReads(ms: number): void;
    /** Sends whoever insists on the leader elsewhere (to itself, unless told where) until the result is called. */
    loseLeadership(to?: { readonly host: string; readonly port: number }): () => void;
    /** Checkpoints run ahead of what has been delivered (KurrentDB#4970). */
    runCheckpointsAhead(on: boolean): void;
    /** Open subscriptions deliver nothing more, and say nothing, until it is ended and something is appended. */
    silenceSubscriptions(on: boolean): void;
    /** Closes the socket and all connections; the result opens them again on the same port, with the same events. */
    goAway(): Promise<() => Promise<void>>;
  };
  /** May be called twice. */
  close(): Promise<void>;
};

/**
 * A test double that speaks EventStoreDB's protocol on a real socket: as much of it as Signalbox uses, with the rules
 * of the real server where they matter, and with faults on demand. Nothing in production uses it.
 *
 * `file` keeps what was acknowledged for a process that is killed and started again. `batchAppend: false` is a server
 * that is too old for it. `now` gives epoch milliseconds.
 */
export const startEventStoreDbServer = async (options: {
  readonly now: () => number;
  readonly host?: string;
  readonly port?: number;
  readonly file?: string;
  readonly batchAppend?: boolean;
  readonly firstPosition?: number;
}): Promise<EventStoreDbServer> => {
  const { host = '127.0.0.1', now } = options;
  const file =
    options.file === undefined ? { known: [], keep: () => {}, close: () => {} } : openStoreFile(options.file);
  const store = createStore({ now, ...file, firstPosition: options.firstPosition ?? 0 });
  const calls = createCalls();
  const trouble = createTrouble();
  const node: Node = { store, calls, trouble };

  const listen = async (at: number): Promise<{ readonly server: Server; readonly port: number }> => {
    const server = new Server({ 'grpc.max_receive_message_length': MAX_MESSAGE_BYTES });
    const cluster: handleUnaryCall<unknown, unknown> = (_call, respond) => respond(null, clusterOf(host, bound.port));
    const features: handleUnaryCall<unknown, unknown> = (_call, respond) =>
      respond(null, supportedMethods(options.batchAppend ?? true));
    server.addService(streamServices.StreamsService, {
      append: append(node),
      batchAppend: batchAppend(node),
      read: read(node),
    });
    server.addService(featureServices.ServerFeaturesService, { getSupportedMethods: features });
    server.addService(gossipServices.GossipService, { read: cluster });
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    server.bindAsync(`${host}:${at}`, ServerCredentials.createInsecure(), (error, port) =>
      error ? reject(error) : resolve(port),
    );
    return { server, port: await promise };
  };

  let bound = await listen(options.port ?? 0);
  const { port } = bound;
  let closed = false;

  const stop = () => {
    calls.failAll(dropped());
    bound.server.forceShutdown();
    store.forget();
  };

  return {
    url: `esdb://${host}:${port}?tls=false`,
    port,
    size: () => store.all.length,
    openCalls: (kind) => calls.count(kind),
    write: (stream, events) => {
      store.append(stream, events, 'any');
    },
    faults: {
      dropCalls: () => calls.failAll(dropped()),
      loseNextAnswer: (how) => trouble.answersToLose.push(how),
      delayAppends: (ms) => {
        trouble.appendDelayMs = ms;
      },
      slowReads: (ms) => {
        trouble.readDelayMs = ms;
      },
      loseLeadership: (to = { host, port }) => {
        trouble.leaderElsewhere = to;
        return () => {
          trouble.leaderElsewhere = null;
        };
      },
      runCheckpointsAhead: (on) => {
        trouble.checkpointsRunAhead = on;
      },
      silenceSubscriptions: (on) => {
        trouble.subscriptionsSilent = on;
      },
      goAway: async () => {
        stop();
        return async () => {
          bound = await listen(port);
        };
      },
    },
    close: async () => {
      if (closed) return;
      closed = true;
      stop();
      file.close();
    },
  };
};
