import type { Target } from '../driver/targets.ts';
import { type Caller, prepare } from './callers.ts';
import { sdp } from './payloads.ts';
import { inTurn, times } from './row.ts';

const OFFERS_PER_REQUEST = 100;

/** Publishes offers, many in each request, and answers with the ids of their sessions, caller after caller in turn. */
export const publishMany = async (
  target: Target,
  callers: readonly Caller[],
  count: number,
  options: { readonly tags: readonly string[]; readonly ttlMs?: number },
): Promise<string[]> => {
  const ids: string[] = [];
  const requests = Math.ceil(count / OFFERS_PER_REQUEST);
  await target.connections.run(requests, async (index, send) => {
    const offers = times(Math.min(OFFERS_PER_REQUEST, count - index * OFFERS_PER_REQUEST), () => ({ sdp: sdp() }));
    const content = { ...options, offers };
    const answer = await send(prepare(inTurn(callers, index), target.origin, 'POST', '/v1/sessions', content, 201));
    const { sessions } = JSON.parse(answer.toString('utf8')) as { readonly sessions: readonly { sessionId: string }[] };
    ids.push(...sessions.map(({ sessionId }) => sessionId));
  });
  return ids;
};
