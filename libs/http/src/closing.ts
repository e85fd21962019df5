import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { HttpOptions } from './options.ts';
import type { App } from './request.ts';

/** How long a request that is on its way when closing begins may still take to arrive. */
const ARRIVE_MS = 1_000;

/**
 * How an application ends: `app.closing` aborts, what has arrived is answered, and nothing else keeps it open. Neither
 * an idle connection nor one whose request never gets complete does; the latter has a second.
 */
export const addClosing = (app: App, { timers }: Pick<HttpOptions, 'timers'>): void => {
  const closing = new AbortController();
  const connections = trackConnections(app);
  let callOff: (() => void) | undefined;

  app.decorate('closing', closing.signal);
  app.addHook('preClose', (done) => {
    closing.abort();
    callOff = timers.after(ARRIVE_MS, connections.endSilent);
    done();
  });
  app.addHook('onClose', async () => callOff?.());

  // A connection that was busy when closing began would otherwise stay open, idle, for as long as it may be kept alive.
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (app.closing.aborted) reply.header('connection', 'close');
    done(null, payload);
  });
};

/** Once closing, Node no longer ends connections that take too long to send a request. So they are known here. */
const trackConnections = (app: App) => {
  const open = new Map<string, Socket>();
  const exchanges = new Map<ServerResponse, IncomingMessage>();

  // Under TLS the same connection comes twice, the second time secured: that is the one which requests come by.
  const opened = (socket: Socket) => {
    const peer = `${socket.remoteAddress} ${socket.remotePort}`;
    open.set(peer, socket);
    socket.once('close', () => {
      if (open.get(peer) === socket) open.delete(peer);
    });
  };
  app.server.on('connection', opened);
  app.server.on('secureConnection', opened);
  app.server.on('request', (request, answer) => {
    exchanges.set(answer, request);
    answer.once('close', () => exchanges.delete(answer));
  });

  return {
    /** Ends every connection but those on which a request is being answered that has arrived as a whole. */
    endSilent: () => {
      const arrived = [...exchanges.values()].filter((request) => request.complete);
      const busy = new Set<Socket>(arrived.map((request) => request.socket));
      for (const socket of open.values()) if (!busy.has(socket)) socket.destroy();
    },
  };
};
