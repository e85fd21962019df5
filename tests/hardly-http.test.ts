import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Server, startServer } from './support/server.ts';
import { CODES, expectUp, INSIDE } from './support/well-meant.ts';

let server: Server;
beforeAll(async () => {
  server = await startServer();
});
afterAll(() => server[Symbol.asyncDispose]());

/** Sends bytes as they are, and answers with all that comes back until the connection is closed. */
const exchange = async (bytes: Buffer | string): Promise<string> => {
  const socket = connect(server.port, '127.0.0.1');
  let answer = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    answer += chunk;
  });
  socket.on('error', () => undefined); // closed on us while we were still sending: what came back is looked at
  socket.end(bytes);
  await once(socket, 'close');
  return answer;
};

const NO_HOST = 'GET / HTTP/1.1\r\n\r\n';

describe('what is hardly HTTP', () => {
  const head = (lines: string) => `POST /v1/sessions HTTP/1.1\r\nHost: x\r\nConnection: close\r\n${lines}\r\n`;

  it.each([
    ['headers of 100 kB', head(`X-Large: ${'a'.repeat(100_000)}\r\n`)],
    ['ten thousand headers', head(Array.from({ length: 10_000 }, (_, i) => `X-${i}: 1\r\n`).join(''))],
    ['a path of 100 kB', `GET /${'a'.repeat(100_000)} HTTP/1.1\r\nHost: x\r\n\r\n`],
    ['raw bytes in a header', Buffer.from(head('Authorization: Bearer \xff\xfe\x80\r\n'), 'latin1')],
    ['a null byte in a header', head('X-Null: a\0b\r\n')],
    ['two lengths', head('Content-Length: 3\r\nContent-Length: 4\r\n')],
    ['a length and chunks at once', head('Content-Length: 3\r\nTransfer-Encoding: chunked\r\n')],
    ['a chunk that is none', `${head('Transfer-Encoding: chunked\r\nContent-Type: application/json\r\n')}zz\r\nabc`],
    ['a body that breaks off', `${head('Content-Length: 100\r\nContent-Type: application/json\r\n')}{"tags"`],
    ['a negative length', head('Content-Length: -1\r\n')],
    ['no host', NO_HOST],
    ['noise', Buffer.from(Array.from({ length: 2_000 }, (_, i) => (i * 37) % 256))],
    ['a TLS greeting', Buffer.from('160301007a010000760303', 'hex')],
    ['an upgrade to nothing', 'GET /v1/ws HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'],
  ])('%s is refused, and the server goes on', async (_, bytes) => {
    const answer = await exchange(bytes);
    if (answer !== '') {
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(INSIDE.exec(answer)?.[0]).toBeUndefined();
      // Without a host, the platform refuses before anyone is asked, and says nothing more.
      const [, code] = /"code":"(\w+)"/.exec(answer) ?? [];
      if (bytes !== NO_HOST) expect(CODES.has(code ?? ''), answer).toBe(true);
    }
    await expectUp(server);
  });
});
