import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';

/** A port that was free a moment ago. */
export const freePort = async (): Promise<number> => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
};

/** Sends `request` and gives the first bytes that come back. Rejects when nothing comes within a second. */
export const ask = (address: string, request: Uint8Array | string): Promise<Buffer> => {
  const { promise, resolve, reject } = Promise.withResolvers<Buffer>();
  const colon = address.lastIndexOf(':');
  const socket = connect(Number(address.slice(colon + 1)), address.slice(0, colon));
  socket.setTimeout(1_000, () => reject(new Error(`${address} did not answer`)));
  socket.on('error', reject);
  socket.on('close', () => reject(new Error(`${address} hung up`)));
  socket.on('data', resolve);
  socket.write(request);
  return promise.finally(() => socket.destroy());
};
