import type { Prepared, Send } from '../driver/load.ts';
import { CONNECTIONS } from '../driver/targets.ts';
import { type Caller, prepare } from './callers.ts';
import { withTokens } from './commands.ts';
import { candidate, sdp } from './payloads.ts';
import type { Row } from './row.ts';

type Peer = { readonly caller: Caller; cursor: string | null };

type Pair = { readonly tag: string; readonly offerer: Peer; readonly answerer: Peer };

/**
 * One pair of peers from offer to candidates, as two browsers would do it with tokens: publish, discover, answer,
 * candidates of both sides, the offerer's feed, the answerer's candidates. Seven requests, each after the other.
 */
const shakeHands = async (origin: string, pair: Pair, send: Send): Promise<void> => {
  const { tag, offerer, answerer } = pair;
  const ask = async (peer: Peer, method: Prepared['method'], path: string, content: unknown, status: number) =>
    JSON.parse((await send(prepare(peer.caller, origin, method, path, content, status))).toString('utf8'));

  const { sessions } = await ask(offerer, 'POST', '/v1/sessions', { tags: [tag], offers: [{ sdp: sdp() }] }, 201);
  const id: string = sessions[0].sessionId;
  await ask(answerer, 'GET', `/v1/sessions?tag=${tag}&limit=1`, undefined, 200);
  await ask(answerer, 'POST', `/v1/sessions/${id}/answer`, { sdp: sdp(), matchedTags: [tag] }, 201);
  const two = () => ({ candidates: [candidate(), candidate()] });
  await ask(offerer, 'POST', `/v1/sessions/${id}/candidates`, two(), 201);
  await ask(answerer, 'POST', `/v1/sessions/${id}/candidates`, two(), 201);
  const after = offerer.cursor === null ? '' : `?cursor=${offerer.cursor}`;
  const feed = await ask(offerer, 'GET', `/v1/feed${after}`, undefined, 200);
  offerer.cursor = feed.cursor;
  await ask(answerer, 'GET', `/v1/sessions/${id}/candidates`, undefined, 200);
};

export const handshakeRow: Row = {
  name: 'handshake (7 requests), bearer tokens',
  weight: 7,
  open: async (target) => {
    const [offerers, answerers] = [await withTokens(target), await withTokens(target)];
    const peer = (caller: Caller | undefined): Peer => ({ caller: caller!, cursor: null });
    const pairs: readonly Pair[] = Array.from({ length: CONNECTIONS }, (_, index) => ({
      tag: `pair-${index}`,
      offerer: peer(offerers[index]),
      answerer: peer(answerers[index]),
    }));
    return async (count) => () =>
      target.connections.run(count, (_, send, connection) => shakeHands(target.origin, pairs[connection]!, send));
  },
};
