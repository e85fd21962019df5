import { systemChance } from '@signalbox/runtime';
import { type Answer, candidateOf, type Session, sdpOf, v1 } from '../../support/client.ts';
import type { Actor, Doubt, KnownSession } from '../../support/crash-model.ts';
import { type RpcResult, rpcSend } from '../../support/rondevu.ts';
import type { Target } from '../../support/server.ts';
import { type Notes, note, untilAcknowledged } from './client.ts';

/** An offer that was sent without a key and not acknowledged: it is in the log once, or not at all. */
export type DoubtfulOffer = { readonly publisher: Actor; readonly sdp: string; readonly tag: string };

/** What is known to have been acknowledged, for the checks in the end. */
export type Model = { readonly sessions: KnownSession[]; readonly doubtful: DoubtfulOffer[] };

export type Parties = { readonly offerer: Actor; readonly answerer: Actor };

/** What may be said of a command that was taken. Anything else that is no yes leaves the client in doubt. */
const CONTRADICTIONS =
  /^(INTERNAL_ERROR|OFFER_NOT_FOUND|OFFER_ALREADY_ANSWERED|SESSION_ENDED|NOT_AUTHORIZED|INVALID_PARAMS)$/;

const LONG_MS = 3_600_000;

/** The lives that a session may have. Each drives one session from its offer on, and tells the model what it learns. */
export const livesOn = (options: {
  readonly target: Target;
  readonly model: Model;
  readonly notes: Notes;
  readonly tag: string;
}) => {
  const { target, model, notes, tag } = options;
  let made = 0;
  const newCandidates = (count: number) => Array.from({ length: count }, () => candidateOf('c', ++made));

  /** Each attempt is signed anew; the key stays. */
  const keyed = <T>(what: string, send: (headers: Readonly<Record<string, string>>) => Promise<Answer<T>>) => {
    const headers = { 'idempotency-key': systemChance.uuid() };
    return untilAcknowledged(what, notes, () => send(headers));
  };

  /** Without a key there is one attempt. Null: nobody knows whether it was taken. */
  const once = async (
    by: Actor,
    method: string,
    params: object,
  ): Promise<Extract<RpcResult, { success: true }> | null> => {
    const post = by.rpc.signed(method, { ...params });
    const answered = await rpcSend(target, post).catch(() => null);
    // What stands before the service answers with no list.
    const result = Array.isArray(answered?.results) ? answered.results[0] : undefined;
    if (result?.success) {
      notes.acknowledged++;
      return result;
    }
    const code = result?.errorCode ?? 'no answer';
    if (CONTRADICTIONS.test(code)) throw new Error(`${method} ${JSON.stringify(params)} was answered with ${code}`);
    note(notes, `in doubt: ${code}`);
    return null;
  };

  const learn = (id: string, publisher: Actor, sdp: string, brief: boolean): KnownSession => {
    const session: KnownSession = {
      ...{ id, publisher, sdp, tag, brief },
      ...{ answer: null, fromOfferer: [], fromAnswerer: [], withdrawn: false, doubt: null },
    };
    model.sessions.push(session);
    return session;
  };

  const publish = async (publisher: Actor, ttlMs: number, brief: boolean) => {
    const sdp = sdpOf('fault');
    const body = { tags: [tag], ttlMs, offers: [{ sdp }] };
    const answer = await keyed('an offer', (headers) => v1(target, publisher.caller).publish(body, headers));
    const [{ sessionId }] = answer.body.sessions as readonly [Session];
    return learn(sessionId, publisher, sdp, brief);
  };

  const answer = async (session: KnownSession, by: Actor) => {
    const sdp = sdpOf('answer');
    const what = `the answer to ${session.id}`;
    await keyed(what, (headers) => v1(target, by.caller).answer(session.id, { sdp }, headers));
    session.answer = { by, sdp };
  };

  const trickle = async (session: KnownSession, by: Actor, count: number) => {
    const candidates = newCandidates(count);
    await keyed(`candidates of ${session.id}`, (headers) =>
      v1(target, by.caller).trickle(session.id, candidates, headers),
    );
    if (by === session.publisher) session.fromOfferer = [...session.fromOfferer, ...candidates];
    else session.fromAnswerer = [...session.fromAnswerer, ...candidates];
  };

  const withdraw = async (session: KnownSession) => {
    const by = v1(target, session.publisher.caller);
    await keyed(`the withdrawal of ${session.id}`, (headers) => by.withdraw(session.id, headers));
    session.withdrawn = true;
  };

  /** With every acknowledged step known, and those that were not told apart by their doubt. */
  const unkeyedStep = async (session: KnownSession, by: Actor, method: string, params: object, doubt: Doubt) => {
    const taken = await once(by, method, { offerId: session.id, ...params });
    if (taken === null) session.doubt = doubt;
    return taken !== null;
  };

  return {
    /** Over HTTP v1, each command with a key, from the offer to an exchange of candidates. */
    whole: async ({ offerer, answerer }: Parties): Promise<KnownSession> => {
      const session = await publish(offerer, LONG_MS, false);
      await trickle(session, offerer, 1);
      await trickle(session, answerer, 1); // held until this one has won
      await answer(session, answerer);
      await trickle(session, answerer, 2);
      await trickle(session, offerer, 1);
      return session;
    },

    /** The same, called off in the end. */
    calledOff: async ({ offerer, answerer }: Parties): Promise<void> => {
      const session = await publish(offerer, LONG_MS, false);
      await answer(session, answerer);
      await trickle(session, answerer, 1);
      await withdraw(session);
    },

    /** An offer that nobody answers, which ends by itself. */
    brief: ({ offerer }: Parties, ttlMs = 1_000): Promise<KnownSession> => publish(offerer, ttlMs, true),

    open: ({ offerer }: Parties): Promise<KnownSession> => publish(offerer, LONG_MS, false),

    /** Through `/rpc`, where no command has a key: each is sent once, and whoever is in doubt leaves it at that. */
    unkeyed: async ({ offerer, answerer }: Parties): Promise<void> => {
      const offer = sdpOf('fault');
      const published = await once(offerer, 'publishOffer', { tags: [tag], ttl: LONG_MS, offers: [{ sdp: offer }] });
      if (published === null) {
        model.doubtful.push({ publisher: offerer, sdp: offer, tag });
        return;
      }
      const [{ offerId }] = published.result.offers as readonly [{ readonly offerId: string }];
      const session = learn(offerId, offerer, offer, false);
      const sdp = sdpOf('answer');
      const doubt = { kind: 'answer', by: answerer, sdp } as const;
      if (!(await unkeyedStep(session, answerer, 'answerOffer', { sdp }, doubt))) return;
      session.answer = { by: answerer, sdp };
      const candidates = newCandidates(2);
      const inDoubt = { kind: 'candidates', role: 'answerer', candidates } as const;
      if (!(await unkeyedStep(session, answerer, 'addIceCandidates', { candidates }, inDoubt))) return;
      session.fromAnswerer = candidates;
    },

    learn,
  };
};

export type Lives = ReturnType<typeof livesOn>;
