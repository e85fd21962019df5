import { streamName } from '@signalbox/event-sourcing';
import { expect, it } from 'vitest';
import { memoryDiscovery } from '../src/discovery.ts';

const VERSIONS = 60;
const TAGS = Array.from({ length: 5 }, (_, index) => `tag-${index}`);

/** One publisher's offers, each of a version of its own and with every tag: as many lists as a filter can come down to. */
const scattered = async () => {
  let draws = 0;
  const view = memoryDiscovery({
    chance: {
      fraction: () => {
        draws++;
        return (draws * 0.6180339887) % 1;
      },
    },
  });
  for (let order = 1; order <= VERSIONS; order++) {
    const sessionId = `s${order}`;
    const service = { name: 'chat', version: `1.0.${order}` };
    const row = {
      sessionId,
      publisher: 'alice',
      tags: TAGS,
      service,
      sdp: 'v=0',
      createdAt: 0,
      expiresAt: 60_000,
      order,
    };
    const change = {
      stream: streamName('session', sessionId),
      after: -1,
      revision: 0,
      position: order,
      recordedAt: 0,
      row,
      out: [],
    };
    await view.write([change], order);
  }
  return { view, draws: () => draws };
};

const service = { name: 'chat', range: '*' };

it('gives up a random pick after as many draws for many versions of a service as for one', async () => {
  const { view, draws } = await scattered();
  expect(await view.random({ tags: TAGS, service, except: 'alice' }, 0)).toBeUndefined();
  expect(draws()).toBe(128 * TAGS.length + 1);
});

it('draws from all the versions of a service', async () => {
  const { view } = await scattered();
  const found = new Set<string | undefined>();
  for (let i = 0; i < 5_000 && found.size < VERSIONS; i++) {
    found.add((await view.random({ tags: TAGS, service, except: null }, 0))?.sessionId);
  }
  expect([...found].sort()).toEqual(Array.from({ length: VERSIONS }, (_, index) => `s${index + 1}`).sort());
});
