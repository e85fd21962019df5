import {
  type Caller,
  type Candidates,
  ed25519Caller,
  hmacCaller,
  issueCredential,
  newKey,
  newTokenCaller,
  type Page,
  v1,
} from './client.ts';
import {
  bodyOrderCaller,
  edCaller,
  htCaller,
  newCredential,
  type RondevuCaller,
  rpcOpen,
  rpcResult,
} from './rondevu.ts';
import type { Target } from './server.ts';

/** What two peers do to find each other, whichever way they speak to the server. Each call throws when it is refused. */
export type Peer = {
  readonly identity: string;
  publish(tag: string, sdp: string): Promise<string>;
  /** The open offers of a tag: ids by SDP. */
  discover(tag: string): Promise<ReadonlyMap<string, string>>;
  answer(id: string, sdp: string, matchedTags: readonly string[]): Promise<void>;
  /** The answer to an own offer; null when there is none yet. */
  answerTo(id: string): Promise<{ readonly answerer: string; readonly sdp: string } | null>;
  trickle(id: string, candidates: readonly unknown[]): Promise<void>;
  /** The other party's candidates, in order. */
  candidates(id: string): Promise<readonly unknown[]>;
  withdraw(id: string): Promise<void>;
};

const accepted = <T>({
  status,
  text,
  body,
}: {
  readonly status: number;
  readonly text: string;
  readonly body: T;
}): T => {
  if (status >= 300) throw new Error(`Refused: ${status} ${text}`);
  return body;
};

const v1Peer = (target: Target, by: Caller): Peer => {
  const client = v1(target, by);
  return {
    identity: by.identity,
    publish: async (tag, sdp) =>
      accepted(await client.publish({ tags: [tag], offers: [{ sdp }] })).sessions[0]?.sessionId ?? '',
    discover: async (tag) => {
      const page = accepted(await client.get<Page>(`/v1/sessions?tag=${tag}&limit=100`));
      return new Map(page.sessions.map((offer) => [offer.sdp, offer.sessionId]));
    },
    answer: async (id, sdp, matchedTags) => {
      accepted(await client.answer(id, { sdp, matchedTags }));
    },
    answerTo: async (id) => {
      const session = await client.get<{ readonly answer?: { readonly answerer: string; readonly sdp: string } }>(
        `/v1/sessions/${id}`,
      );
      const { answer } = accepted(session);
      return answer ? { answerer: answer.answerer, sdp: answer.sdp } : null;
    },
    trickle: async (id, candidates) => {
      accepted(await client.trickle(id, candidates));
    },
    candidates: async (id) =>
      accepted(await client.get<Candidates>(`/v1/sessions/${id}/candidates`)).candidates.map((c) => c.candidate),
    withdraw: async (id) => {
      accepted(await client.withdraw(id));
    },
  };
};

type Offers = readonly { readonly offerId: string; readonly sdp: string }[];

const rondevuPeer = (target: Target, by: RondevuCaller): Peer => {
  const call = (method: string, params: Readonly<Record<string, unknown>>) => rpcResult(target, by, method, params);
  const answererName = by.dialect === 'ED' ? 'answererPublicKey' : 'answererId';
  return {
    identity: by.identity,
    publish: async (tag, sdp) => {
      const published = await call('publishOffer', { tags: [tag], offers: [{ sdp }], ttl: 300_000 });
      return (published.offers as Offers)[0]?.offerId ?? '';
    },
    discover: async (tag) => {
      const found = await rpcOpen(target, 'discover', { tags: [tag], limit: 100 });
      if (!found.success) throw new Error(found.errorCode);
      return new Map((found.result.offers as Offers).map((offer) => [offer.sdp, offer.offerId]));
    },
    answer: async (offerId, sdp, matchedTags) => {
      await call('answerOffer', { offerId, sdp, matchedTags });
    },
    answerTo: async (offerId) => {
      const { answers } = await call('poll', { since: 0 });
      const mine = (answers as readonly Readonly<Record<string, string>>[]).find((a) => a.offerId === offerId);
      return mine ? { answerer: mine[answererName] ?? '', sdp: mine.sdp ?? '' } : null;
    },
    trickle: async (offerId, candidates) => {
      await call('addIceCandidates', { offerId, candidates });
    },
    candidates: async (offerId) => {
      const { candidates } = await call('getIceCandidates', { offerId, since: 0 });
      return (candidates as readonly { readonly candidate: unknown }[]).map(({ candidate }) => candidate);
    },
    withdraw: async (offerId) => {
      await call('deleteOffer', { offerId });
    },
  };
};

/** Every way to speak to the server about offers with tags, each with a new identity. */
export const waysToSpeak: Readonly<Record<string, (target: Target) => Promise<Peer>>> = {
  'v1 with a token': async (target) => v1Peer(target, await newTokenCaller(target)),
  'v1 with HMAC signatures': async (target) => {
    const { name, secret } = await issueCredential(target);
    return v1Peer(target, hmacCaller(name, secret));
  },
  'v1 with Ed25519 signatures': async (target) => v1Peer(target, ed25519Caller()),
  'Rondevu ED': async (target) => rondevuPeer(target, edCaller(newKey())),
  'Rondevu HT': async (target) => rondevuPeer(target, htCaller(await newCredential(target))),
  'Rondevu HMAC in body order': async (target) => rondevuPeer(target, bodyOrderCaller(await newCredential(target))),
};
