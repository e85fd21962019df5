import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { signalbox } from './fixtures.ts';

const aServer = async (states: readonly string[]) => {
  const asked: string[] = [];
  const left = [...states];
  const server = createServer((request, answer) => {
    asked.push(`${request.method} ${request.url}`);
    answer.statusCode = request.method === 'POST' ? 202 : 200;
    const state = left.length > 1 && request.method === 'GET' ? left.shift() : left[0];
    const progress = { rebuildId: 'r1', name: 'all', state, events: 12, position: 34, head: 40 };
    answer.end(JSON.stringify(request.method === 'POST' ? { rebuildId: 'r1' } : progress));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return { asked, url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}` };
};

const env = { SIGNALBOX_ADMIN_KEYS: 'ab'.repeat(32) };

describe('signalbox rebuild --server', () => {
  it('asks, and waits until it is done', async () => {
    const { url, asked } = await aServer(['waiting', 'running', 'done']);
    expect(await signalbox(['rebuild', '--server', url, '--wait'], { env })).toEqual({
      ...{ code: 0, stdout: '' },
      stderr: 'Built from 12 events, up to position 34. The read models are live.\n',
    });
    const path = '/v1/admin/read-models/all/rebuilds';
    expect(asked).toEqual([`POST ${path}`, `GET ${path}/r1`, `GET ${path}/r1`, `GET ${path}/r1`]);
  });

  it('does not wait unless it is told to', async () => {
    const { url, asked } = await aServer(['running']);
    expect((await signalbox(['rebuild', '--server', url], { env })).stderr).toBe(
      'Asked. With --wait, this waits until it is done.\n',
    );
    expect(asked).toHaveLength(1);
  });

  it('fails when that failed, and when two ways are named', async () => {
    const { url } = await aServer(['failed']);
    const failed = await signalbox(['rebuild', '--server', url, '--wait'], { env });
    expect(failed).toMatchObject({ code: 1, stderr: expect.stringContaining('It failed after 12 events') });
    const both = await signalbox(['rebuild', '--server', url, '--redis', 'redis://127.0.0.1:1'], { env });
    expect(both).toMatchObject({ code: 2, stderr: expect.stringContaining('Name one way') });
  });
});
