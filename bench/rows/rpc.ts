import { anyone, newKey, prepare, rpcItem } from './callers.ts';
import { sdp } from './payloads.ts';
import { allAtOnce, inTurn, type Row, times } from './row.ts';

const TTL_MS = 3_600_000;

/** Calls of Rondevu's current dialect, each item signed by an Ed25519 key. */
const publishByRpc = (name: string, items: number): Row => ({
  name,
  weight: items,
  open: async (target) => {
    const keys = times(64, newKey);
    const item = (index: number) =>
      rpcItem(inTurn(keys, index), 'publishOffer', {
        offers: [{ sdp: sdp() }],
        tags: ['bench', 'room-1'],
        ttl: TTL_MS,
      });
    return allAtOnce(target, async (count) =>
      times(count, (index) => {
        const content = times(items, () => item(index));
        return prepare(anyone, target.origin, 'POST', '/rpc', content, 200);
      }),
    );
  },
});

export const rpcRows: readonly Row[] = [
  publishByRpc('/rpc publishOffer, Ed25519', 1),
  publishByRpc('/rpc batch of 10 publishOffer, Ed25519', 10),
];
