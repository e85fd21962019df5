import type { Chance } from '@signalbox/runtime';
import { expect } from 'vitest';
import {
  type Answer,
  anonymous,
  bearer,
  type Caller,
  candidateOf,
  ed25519Caller,
  hmacCaller,
  type Issued,
  newKey,
  sdpOf,
  send,
  v1,
} from './client.ts';
import {
  type Actor,
  checkCredential,
  checkSession,
  type Doubt,
  findByTag,
  type KnownCredential,
  type KnownSession,
} from './crash-model.ts';
import { edCaller, rpc } from './rondevu.ts';
import type { Server } from './server.ts';

const WORKERS = 16;
const ACTORS = 8;
/** How many of the sessions that nothing was asked of are looked at again after each restart. */
const SAMPLE = 20;

/** Something to ask of the server. `send` answers with what has to be told to `apply`, and throws without an answer. */
type Command = {
  readonly keyed: boolean;
  readonly send: (server: Server) => Promise<unknown>;
  readonly apply: (result: unknown) => void;
  /** For a command without a key: finds out what became of it. */
  readonly clear: (server: Server) => Promise<void> | void;
};

export type Acknowledged = {
  readonly sessions: readonly KnownSession[];
  readonly credentials: readonly KnownCredential[];
};

export type CrashLoad = Awaited<ReturnType<typeof createCrashLoad>>;

class Refused extends Error {}

const accepted = <T>({ status, text, body }: Answer<T>): T => {
  if (status >= 300) throw new Refused(`${status} ${text}`);
  return body;
};

/** A few at a time: each is a request or more. */
const all = async <T>(list: readonly T[], check: (one: T) => Promise<void>): Promise<void> => {
  const left = [...list];
  await Promise.all(
    Array.from({ length: WORKERS }, async () => {
      for (let one = left.pop(); one !== undefined; one = left.pop()) await check(one);
    }),
  );
};

/** Drives a server with every kind of command, over HTTP v1 and /rpc, with and without idempotency keys. */
export const createCrashLoad = async (chance: Chance) => {
  const actors: readonly Actor[] = Array.from({ length: ACTORS }, () => {
    const key = newKey();
    return { caller: ed25519Caller(key), rpc: edCaller(key) };
  });
  const anyone = ed25519Caller();
  const sessions: KnownSession[] = [];
  const credentials: KnownCredential[] = [];
  /** The sessions that each worker goes on with: no other touches them, so it knows what to expect. */
  const own: KnownSession[][] = Array.from({ length: WORKERS }, () => []);
  const touched = new Set<KnownSession>();
  let interrupted: Command[] = [];
  let made = 0;

  const pick = <T>(list: readonly T[]): T => list[Math.floor(chance.fraction() * list.length)]!;
  const maybeKey = (): Readonly<Record<string, string>> | undefined =>
    chance.fraction() < 0.6 ? { 'idempotency-key': chance.uuid() } : undefined;
  const anyActor = () => pick(actors);
  const someCandidates = () =>
    Array.from({ length: 1 + Math.floor(chance.fraction() * 3) }, () => candidateOf('c', ++made));

  const learn = (
    worker: number,
    session: Omit<KnownSession, 'answer' | 'withdrawn' | 'doubt' | 'fromOfferer' | 'fromAnswerer'>,
  ) => {
    const known: KnownSession = {
      ...session,
      ...{ answer: null, fromOfferer: [], fromAnswerer: [], withdrawn: false, doubt: null },
    };
    sessions.push(known);
    touched.add(known);
    if (!session.brief) own[worker]!.push(known);
  };

  const publish = (worker: number): Command => {
    const publisher = anyActor();
    const tag = `crash-${chance.uuid()}`;
    const headers = maybeKey();
    const brief = chance.fraction() < 0.2;
    const ttl = brief ? 50 + Math.floor(chance.fraction() * 500) : 3_600_000;
    const byRpc = headers === undefined && chance.fraction() < 0.5;
    const count = headers ? 1 + Math.floor(chance.fraction() * 3) : 1;
    const sdps = Array.from({ length: count }, () => sdpOf('crash'));
    const learnAll = (ids: readonly string[]) => {
      expect(ids).toHaveLength(count);
      for (const [index, id] of ids.entries()) learn(worker, { id, publisher, sdp: sdps[index]!, tag, brief });
    };
    const offers = sdps.map((sdp) => ({ sdp }));
    return {
      keyed: headers !== undefined,
      send: async (server) => {
        if (!byRpc) {
          const body = { tags: [tag], ttlMs: ttl, offers };
          return accepted(await v1(server, publisher.caller).publish(body, headers)).sessions.map((s) => s.sessionId);
        }
        const answer = await rpc(server, publisher.rpc, 'publishOffer', { tags: [tag], offers, ttl });
        if (!answer.success) throw new Refused(answer.errorCode);
        return (answer.result.offers as readonly { readonly offerId: string }[]).map(({ offerId }) => offerId);
      },
      apply: (ids) => learnAll(ids as readonly string[]),
      clear: async (server) => {
        const found = await findByTag(server, anyone, tag);
        if (found.length > 0) learnAll(found.map(({ sessionId }) => sessionId));
      },
    };
  };

  /** A command on a session of the worker's own. `doubt` says what may have happened when no answer comes. */
  const onSession = (
    session: KnownSession,
    headers: Readonly<Record<string, string>> | undefined,
    doubt: Doubt,
    sendIt: (server: Server) => Promise<unknown>,
    apply: () => void,
  ): Command => {
    touched.add(session);
    return {
      keyed: headers !== undefined,
      send: sendIt,
      apply,
      clear: () => {
        session.doubt = doubt;
      },
    };
  };

  const rpcAccepted = async (server: Server, by: Actor, method: string, params: Readonly<Record<string, unknown>>) => {
    const answer = await rpc(server, by.rpc, method, params);
    if (!answer.success) throw new Refused(answer.errorCode);
  };

  const trickle = (session: KnownSession, role: 'offerer' | 'answerer', by: Actor): Command => {
    const headers = maybeKey();
    const candidates = someCandidates();
    const byRpc = headers === undefined && chance.fraction() < 0.5;
    return onSession(
      session,
      headers,
      { kind: 'candidates', role, candidates },
      async (server) =>
        byRpc
          ? rpcAccepted(server, by, 'addIceCandidates', { offerId: session.id, candidates })
          : accepted(await v1(server, by.caller).trickle(session.id, candidates, headers)),
      () => {
        if (role === 'offerer') session.fromOfferer = [...session.fromOfferer, ...candidates];
        else session.fromAnswerer = [...session.fromAnswerer, ...candidates];
      },
    );
  };

  const answer = (session: KnownSession, by: Actor): Command => {
    const headers = maybeKey();
    const sdp = sdpOf('answer');
    const byRpc = headers === undefined && chance.fraction() < 0.5;
    return onSession(
      session,
      headers,
      { kind: 'answer', by, sdp },
      async (server) =>
        byRpc
          ? rpcAccepted(server, by, 'answerOffer', { offerId: session.id, sdp })
          : accepted(await v1(server, by.caller).answer(session.id, { sdp }, headers)),
      () => {
        session.answer = { by, sdp };
      },
    );
  };

  const withdraw = (session: KnownSession): Command => {
    const headers = maybeKey();
    return onSession(
      session,
      headers,
      { kind: 'withdraw' },
      async (server) => accepted(await v1(server, session.publisher.caller).withdraw(session.id, headers)),
      () => {
        session.withdrawn = true;
      },
    );
  };

  const issue = (): Command => {
    const headers = { 'idempotency-key': chance.uuid() };
    return {
      keyed: true,
      send: async (server) =>
        accepted(await send<Issued>(server, anonymous, { method: 'POST', path: '/v1/credentials', headers })),
      apply: (issued) => {
        const { name, secret } = issued as Issued;
        credentials.push({ name, secrets: [secret], revoked: false });
      },
      clear: () => undefined,
    };
  };

  /** Rotates, or revokes now and then. The secret before goes on working, so that a retry can be signed with it. */
  const changeCredential = (credential: KnownCredential, by: Caller): Command => {
    const headers = { 'idempotency-key': chance.uuid() };
    const path = `/v1/credentials/${credential.name}`;
    if (chance.fraction() < 0.3) {
      return {
        keyed: true,
        send: async (server) => {
          const { status, text } = await send(server, by, { method: 'DELETE', path, headers });
          // Who is revoked can't ask again whether it is: that it is refused says so.
          if (status !== 204 && status !== 401) throw new Refused(`${status} ${text}`);
        },
        apply: () => {
          credential.revoked = true;
        },
        clear: () => undefined,
      };
    }
    return {
      keyed: true,
      send: async (server) => {
        const body = { graceMs: 3_600_000 };
        return accepted(await send<Issued>(server, by, { method: 'POST', path: `${path}/rotations`, body, headers }));
      },
      apply: (rotated) => {
        credential.secrets = [...credential.secrets.slice(-1), (rotated as Issued).secret];
      },
      clear: () => undefined,
    };
  };

  /** The credentials that one worker alone changes: the others only make some. */
  const changedBy = (worker: number) => credentials.filter((c, index) => index % WORKERS === worker && !c.revoked);

  const answererOf = (session: KnownSession) => actors[(actors.indexOf(session.publisher) + 1) % ACTORS]!;

  const next = (worker: number, tokens: ReadonlyMap<string, Caller>): Command => {
    const dice = chance.fraction();
    if (dice < 0.05) return issue();
    if (dice < 0.1) {
      const [credential] = changedBy(worker);
      const token = credential && tokens.get(credential.name);
      if (credential && token) return changeCredential(credential, token);
    }
    const usable = own[worker]!.filter((s) => !s.withdrawn && s.doubt === null);
    if (dice < 0.35 || usable.length === 0) return publish(worker);
    const session = pick(usable);
    if (dice < 0.42) return withdraw(session);
    const [offerer, answerer] = [session.publisher, answererOf(session)];
    if (!session.answer && dice > 0.8) return answer(session, answerer);
    const role = chance.fraction() < 0.5 ? 'offerer' : 'answerer';
    const has = role === 'offerer' ? session.fromOfferer : session.fromAnswerer;
    return has.length > 40 ? publish(worker) : trickle(session, role, role === 'offerer' ? offerer : answerer);
  };

  /** A token for each credential that may be changed: secrets change under the hands of whoever signs with them. */
  const tokensFor = async (server: Server): Promise<ReadonlyMap<string, Caller>> => {
    const tokens = new Map<string, Caller>();
    for (const { name, secrets, revoked } of credentials.slice(-WORKERS)) {
      if (revoked) continue;
      const by = hmacCaller(name, secrets.at(-1)!);
      const { token } = accepted(await send<Issued>(server, by, { method: 'POST', path: '/v1/tokens' }));
      tokens.set(name, bearer(name, token));
    }
    return tokens;
  };

  return {
    /** Loads the server until so many commands were acknowledged, then has it killed. Answers with how many were. */
    run: async (server: Server, options: { readonly killAfter: number; readonly kill: () => Promise<unknown> }) => {
      const tokens = await tokensFor(server);
      let acknowledged = 0;
      let killed: Promise<unknown> | null = null;
      const work = async (worker: number) => {
        for (;;) {
          if (killed !== null) return;
          const command = next(worker, tokens);
          let result: unknown;
          try {
            result = await command.send(server);
          } catch (error) {
            if (error instanceof Refused || killed === null) throw error;
            interrupted.push(command);
            return;
          }
          command.apply(result);
          acknowledged++;
          if (acknowledged === options.killAfter) killed = options.kill();
        }
      };
      await Promise.all(Array.from({ length: WORKERS }, (_, worker) => work(worker)));
      await killed;
      return acknowledged;
    },

    /** After the restart: asks again for what has a key, finds out about the rest, and looks at what was touched. */
    settle: async (server: Server, when: string) => {
      for (const command of interrupted) {
        if (command.keyed) command.apply(await command.send(server));
        else await command.clear(server);
      }
      interrupted = [];
      const sample = Array.from({ length: Math.min(SAMPLE, sessions.length) }, () => pick(sessions));
      await all([...new Set([...touched, ...sample])], (session) => checkSession(server, session, when));
      await all(credentials.slice(-WORKERS), (credential) => checkCredential(server, credential, when));
      touched.clear();
    },

    checkEverything: async (server: Server) => {
      await all(sessions, (session) => checkSession(server, session, 'at the end'));
      await all(credentials, (credential) => checkCredential(server, credential, 'at the end'));
    },

    acknowledged: (): Acknowledged => ({ sessions, credentials }),
  };
};
