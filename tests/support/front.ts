import { Agent, createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export type Upstream = 'command' | 'query' | 'gateway';

/** Which service answers: as the reverse proxy of the stack has it (infra/proxy). */
export const upstreamFor = (method: string, path: string): Upstream => {
  if (!path.startsWith('/v1/') || /^\/v1\/(batch|audit\/|admin\/)/.test(path)) return 'gateway';
  if (['GET', 'HEAD'].includes(method)) return 'query';
  return ['POST', 'PATCH', 'DELETE'].includes(method) ? 'command' : 'gateway';
};

export type Front = {
  readonly url: string;
  readonly port: number;
  /** From now on, where the instances of each service listen; they are asked in turn. */
  route(upstreams: Readonly<Record<Upstream, readonly string[]>>): void;
  close(): Promise<void>;
};

/** A test double for the stack's reverse proxy: one address, and a service behind each kind of request. */
export const startFront = async (port: number): Promise<Front> => {
  const agent = new Agent({ keepAlive: true, maxSockets: 1_024 });
  let upstreams: Readonly<Record<Upstream, readonly string[]>> = { command: [], query: [], gateway: [] };
  let turn = 0;

  const pass = (incoming: IncomingMessage, outgoing: ServerResponse) => {
    const { method = 'GET', url = '/' } = incoming;
    const instances = upstreams[upstreamFor(method, url)];
    const base = instances[turn++ % Math.max(instances.length, 1)];
    const refuse = (status: number) => {
      if (outgoing.headersSent) outgoing.destroy();
      else {
        const body = JSON.stringify({ type: '/problems/REQUEST_TIMEOUT', status, code: 'REQUEST_TIMEOUT' });
        outgoing.writeHead(status, { 'retry-after': '1', 'content-type': 'application/problem+json' }).end(body);
      }
    };
    if (base === undefined) return refuse(503);
    const upstream = request(new URL(url, base), {
      ...{ method, agent },
      headers: {
        ...incoming.headers,
        'x-forwarded-for': incoming.socket.remoteAddress,
        'x-forwarded-proto': 'http',
        'x-forwarded-host': incoming.headers.host,
      },
      // The path as it came, not as a URL would write it.
      path: url,
    });
    upstream.on('response', (answer) => {
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      answer.pipe(outgoing);
      answer.on('error', () => outgoing.destroy());
    });
    upstream.on('error', () => refuse(503));
    outgoing.on('close', () => {
      if (!outgoing.writableFinished) upstream.destroy();
    });
    incoming.pipe(upstream);
  };

  const server = createServer(pass);
  server.on('clientError', (_error, socket) => {
    const body = JSON.stringify({ type: '/problems/INVALID_PARAMS', status: 400, code: 'INVALID_PARAMS' });
    const head = `HTTP/1.1 400 Bad Request\r\nContent-Type: application/problem+json\r\nContent-Length: ${body.length}`;
    socket.end(`${head}\r\nConnection: close\r\n\r\n${body}`);
  });
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const { port: bound } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${bound}`,
    port: bound,
    route: (next) => {
      upstreams = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
        agent.destroy();
      }),
  };
};
