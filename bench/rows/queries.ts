import { anyone, prepare } from './callers.ts';
import { withKeys, withTokens } from './commands.ts';
import { allAtOnce, inTurn, type Row, times } from './row.ts';

/** Polls with a cursor beyond which there is nothing new: what a waiting client does most of the time. */
const poll = (name: string, makeCallers: typeof withKeys): Row => ({
  name,
  open: async (target) => {
    const callers = await makeCallers(target);
    const { connections, origin } = target;
    const cursors = await Promise.all(
      callers.map(async (caller) => {
        const page = await connections.send(prepare(caller, origin, 'GET', '/v1/feed', undefined, 200));
        return (JSON.parse(page.toString('utf8')) as { readonly cursor: string }).cursor;
      }),
    );
    return allAtOnce(target, async (count) =>
      times(count, (index) =>
        prepare(inTurn(callers, index), origin, 'GET', `/v1/feed?cursor=${inTurn(cursors, index)}`, undefined, 200),
      ),
    );
  },
});

export const pollRows: readonly Row[] = [
  poll('feed poll, bearer token', withTokens),
  poll('feed poll, Ed25519', withKeys),
];

/** The tag that all open offers of a filled server bear. */
export const CROWDED_TAG = 'crowded';

const discover = (name: string, query: string): Row => ({
  name,
  open: async (target) => {
    const request = prepare(anyone, target.origin, 'GET', `/v1/sessions?tag=${CROWDED_TAG}&${query}`, undefined, 200);
    return allAtOnce(target, async (count) => times(count, () => request));
  },
});

export const discoverRows: readonly Row[] = [
  discover('discover page of 20', 'limit=20'),
  discover('discover random', 'pick=random'),
];
