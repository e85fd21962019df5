import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { interval } from '../../support/real-time.ts';

/** A way to a server that can be disturbed, while the server itself is well. */
export type Proxy = AsyncDisposable & {
  /** `host:port` */
  readonly address: string;
  /** Breaks every connection that is open now. Answers with how many there were. */
  drop(): number;
  /** Breaks every connection, and every new one as soon as it is made, until `mend`. */
  cut(): void;
  /** Whatever is sent, either way, arrives so much later from now on. */
  delay(ms: number): void;
  mend(): void;
};

/** `address` is that of the server, `host:port`. */
export const startProxy = async (address: string): Promise<Proxy> => {
  const colon = address.lastIndexOf(':');
  const open = new Set<Socket>();
  let isCut = false;
  let delayMs = 0;

  const pass = async (from: Socket, to: Socket) => {
    try {
      for await (const bytes of from) {
        if (delayMs > 0) await interval(delayMs);
        if (!to.write(bytes)) await Promise.race([once(to, 'drain'), once(to, 'close')]);
      }
      to.end();
    } catch {
      to.destroy();
    }
  };

  const server = createServer((client) => {
    if (isCut) return void client.destroy();
    const upstream = connect(Number(address.slice(colon + 1)), address.slice(0, colon));
    for (const socket of [client, upstream]) {
      socket.setNoDelay(true).on('error', () => socket.destroy());
      open.add(socket);
    }
    client.on('close', () => upstream.destroy());
    upstream.on('close', () => {
      open.delete(upstream);
      open.delete(client);
      client.destroy();
    });
    void pass(client, upstream);
    void pass(upstream, client);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');

  const drop = () => {
    const count = open.size / 2;
    for (const socket of [...open]) socket.destroy();
    return count;
  };
  return {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    drop,
    cut: () => {
      isCut = true;
      drop();
    },
    delay: (ms) => {
      delayMs = ms;
    },
    mend: () => {
      isCut = false;
      delayMs = 0;
    },
    [Symbol.asyncDispose]: async () => {
      server.close();
      drop();
      await once(server, 'close');
    },
  };
};
