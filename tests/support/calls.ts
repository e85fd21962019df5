import { systemClock } from '@signalbox/runtime';
import { until } from '@signalbox/testing';
import { type Caller, newTokenCaller, type Page, type Session, send } from './client.ts';
import type { Target } from './server.ts';

/** How long offers and answered sessions live on a server that such calls are made on: they are over soon. */
export const shortLives = { SIGNALBOX_OFFER_MIN_TTL_MS: '1', SIGNALBOX_ANSWERED_TTL_MS: '4000' } as const;

/** Long enough for a stranger to look at it, and over soon. */
const SHORT_MS = 700;

/** A call that was made, what went wrong in it, and whom and what to find it by. */
export type MadeCall = {
  readonly cause: string;
  readonly sessionId: string;
  readonly tag: string;
  readonly offerer: string;
  readonly trace: string;
};

const description = (setup: 'actpass' | 'active', ufrag: string, fingerprint = true): string =>
  [
    ...['v=0', 'o=- 4611731400430051336 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'a=group:BUNDLE 0'],
    ...['m=application 9 UDP/DTLS/SCTP webrtc-datachannel', 'c=IN IP4 0.0.0.0', `a=ice-ufrag:${ufrag}`],
    ...[
      'a=ice-pwd:asd88fgpdd777uzjYhagZg00',
      ...(fingerprint ? [`a=fingerprint:sha-256 ${Array(32).fill('4F').join(':')}`] : []),
    ],
    ...[`a=setup:${setup}`, 'a=mid:0', 'a=sctp-port:5000', ''],
  ].join('\r\n');

const candidate = (type: 'host' | 'mdns' | 'srflx' | 'relay', ufrag: string) => {
  const address = {
    host: '192.168.7.20',
    mdns: '3f1c0d2e-77aa-4b1c.local',
    srflx: '198.51.100.7',
    relay: '203.0.113.9',
  }[type];
  const kind = type === 'mdns' ? 'host' : type;
  const far = kind === 'srflx' || kind === 'relay' ? ' raddr 0.0.0.0 rport 9' : '';
  const line = `candidate:842163049 1 udp 1677729535 ${address} 46154 typ ${kind}${far} generation 0 ufrag ${ufrag}`;
  return { candidate: line, sdpMid: '0', sdpMLineIndex: 0, usernameFragment: ufrag };
};

const end = { candidate: '', sdpMid: '0', sdpMLineIndex: 0 };
const enough = (ufrag: string) => [candidate('host', ufrag), candidate('srflx', ufrag), candidate('relay', ufrag), end];

type Parties = Awaited<ReturnType<typeof meet>>;

/** Two who are about to speak, and what each can do. Everything is one trace, as of a client that is traced. */
const meet = async (target: Target, number: number, briefMs: number) => {
  const [alice, bob, carol] = [
    await newTokenCaller(target),
    await newTokenCaller(target),
    await newTokenCaller(target),
  ];
  const trace = number.toString(16).padStart(32, '0');
  const tag = `room-${trace.slice(-8)}`;
  const traceparent = `00-${trace}-00000000000000ff-01`;
  const ask = async <T = unknown>(by: Caller, method: string, path: string, body?: unknown) =>
    send<T>(target, by, { method, path, ...(body !== undefined && { body }), headers: { traceparent } });
  const done = async <T = unknown>(by: Caller, method: string, path: string, body?: unknown) => {
    const answer = await ask<T>(by, method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path} was refused: ${answer.status} ${answer.text}`);
    return answer.body;
  };
  const publish = async (ttlMs = 60_000) => {
    const body = { tags: [tag], offers: [{ sdp: description('actpass', 'aLiC') }], ttlMs };
    const { sessions } = await done<{ readonly sessions: readonly Session[] }>(alice, 'POST', '/v1/sessions', body);
    return sessions[0]?.sessionId ?? '';
  };
  return {
    ...{ alice, bob, carol, tag, trace, ask, publish },
    publishBriefly: () => publish(briefMs),
    look: (by: Caller) => done<Page>(by, 'GET', `/v1/sessions?tag=${tag}`),
    answer: (id: string, sdp = description('active', 'bObB')) =>
      done(bob, 'POST', `/v1/sessions/${id}/answer`, { sdp }),
    trickle: (by: Caller, id: string, candidates: readonly unknown[]) =>
      done(by, 'POST', `/v1/sessions/${id}/candidates`, { candidates }),
    fetch: async (by: Caller, id: string) => {
      await done(by, 'GET', '/v1/feed');
      await done(by, 'GET', `/v1/sessions/${id}/candidates`);
    },
    withdraw: (id: string) => done(alice, 'DELETE', `/v1/sessions/${id}`),
    report: (by: Caller, id: string, outcome: 'connected' | 'failed') =>
      done(by, 'POST', `/v1/sessions/${id}/report`, {
        outcome,
        ...(outcome === 'connected' && {
          localCandidateType: 'srflx',
          remoteCandidateType: 'relay',
          roundTripTimeMs: 41,
        }),
        ...{ iceConnectionState: outcome === 'connected' ? 'connected' : 'failed', iceGatheringState: 'complete' },
      }),
  };
};

/** Both have what they need of each other, but for the candidates that are given. */
const exchange = async (
  call: Parties,
  fromAlice: readonly unknown[],
  fromBob: readonly unknown[],
  answer?: string,
): Promise<string> => {
  const { alice, bob } = call;
  const id = await call.publish();
  await call.look(bob);
  if (fromAlice.length > 0) await call.trickle(alice, id, fromAlice);
  await call.answer(id, answer);
  if (fromBob.length > 0) await call.trickle(bob, id, fromBob);
  await call.fetch(alice, id);
  await call.fetch(bob, id);
  return id;
};

/** What goes wrong in each, by the cause that a verdict is to find. Each answers with the session's id. */
const plans: Readonly<Record<string, (call: Parties) => Promise<string>>> = {
  connected: async (call) => {
    const id = await exchange(call, enough('aLiC'), enough('bObB'));
    await call.report(call.alice, id, 'connected');
    await call.report(call.bob, id, 'connected');
    return id;
  },
  never_discovered: (call) => call.publishBriefly(),
  discovered_not_answered: async (call) => {
    const id = await call.publishBriefly();
    await call.look(call.bob);
    return id;
  },
  answered_too_late: async (call) => {
    const id = await call.publishBriefly();
    await call.look(call.bob);
    await until('the offer is over', async () => (await call.look(call.bob)).sessions.length === 0);
    await call.ask(call.bob, 'POST', `/v1/sessions/${id}/answer`, { sdp: description('active', 'bObB') });
    return id;
  },
  withdrawn_before_answer: async (call) => {
    const id = await call.publish();
    await call.look(call.bob);
    await call.withdraw(id);
    return id;
  },
  answered_by_another: async (call) => {
    const id = await exchange(call, enough('aLiC'), enough('bObB'));
    await call.ask(call.carol, 'POST', `/v1/sessions/${id}/answer`, { sdp: description('active', 'cArO') });
    return id;
  },
  answer_not_fetched: async (call) => {
    const id = await call.publish();
    await call.look(call.bob);
    await call.trickle(call.alice, id, enough('aLiC'));
    await call.answer(id);
    await call.trickle(call.bob, id, enough('bObB'));
    await call.fetch(call.bob, id);
    return id;
  },
  no_candidates: (call) => exchange(call, [], []),
  only_offerer_sent_candidates: (call) => exchange(call, enough('aLiC'), []),
  only_answerer_sent_candidates: (call) => exchange(call, [], enough('bObB')),
  only_host_candidates: (call) => exchange(call, [candidate('host', 'aLiC'), end], [candidate('host', 'bObB'), end]),
  sdp_no_fingerprint: (call) => exchange(call, enough('aLiC'), enough('bObB'), description('active', 'bObB', false)),
  answer_never_sent: async (call) => {
    const id = await call.publishBriefly();
    await call.look(call.bob);
    await call.trickle(call.bob, id, enough('bObB'));
    return id;
  },
  answer_not_accepted: async (call) => {
    const id = await call.publishBriefly();
    await call.look(call.bob);
    await call.ask(call.bob, 'POST', `/v1/sessions/${id}/answer`, { sdp: 'x'.repeat(100_000) });
    return id;
  },
  withdrawn_after_answer: async (call) => {
    const id = await call.publish();
    await call.look(call.bob);
    await call.answer(id);
    await call.withdraw(id);
    return id;
  },
  ice_failed: async (call) => {
    const id = await exchange(call, enough('aLiC'), enough('bObB'));
    await call.report(call.alice, id, 'failed');
    await call.report(call.bob, id, 'failed');
    return id;
  },
  no_relay_candidates: async (call) => {
    const near = (ufrag: string) => [candidate('host', ufrag), candidate('srflx', ufrag), end];
    const id = await exchange(call, near('aLiC'), near('bObB'));
    await call.report(call.alice, id, 'failed');
    return id;
  },
  only_mdns_candidates: (call) => exchange(call, [candidate('mdns', 'aLiC'), end], [candidate('mdns', 'bObB'), end]),
  wrong_generation: (call) => exchange(call, enough('aLiC'), enough('oLdO')),
  candidates_not_fetched: async (call) => {
    const id = await call.publish();
    await call.look(call.bob);
    await call.answer(id);
    await call.fetch(call.alice, id);
    await call.trickle(call.alice, id, enough('aLiC'));
    await call.trickle(call.bob, id, enough('bObB'));
    await call.fetch(call.bob, id);
    return id;
  },
  candidate_quota: async (call) => {
    const id = await exchange(call, enough('aLiC'), [candidate('host', 'bObB')]);
    const many = Array.from({ length: 60 }, () => candidate('srflx', 'bObB'));
    await call.ask(call.bob, 'POST', `/v1/sessions/${id}/candidates`, { candidates: many });
    return id;
  },
  sdp_roles_clash: (call) => exchange(call, enough('aLiC'), enough('bObB'), description('actpass', 'bObB')),
  reports_contradict: async (call) => {
    const id = await exchange(call, enough('aLiC'), enough('bObB'));
    await call.report(call.alice, id, 'connected');
    await call.report(call.bob, id, 'failed');
    return id;
  },
};

export const causes = Object.keys(plans);

/**
 * Makes one call for each cause, one beside the other, on a server with `shortLives`; all but the healthy have ended.
 * `briefMs` is how long an offer lives that ends unanswered, when it has been looked at: longer for slower servers.
 */
export const makeCalls = async (target: Target, briefMs = SHORT_MS): Promise<Readonly<Record<string, MadeCall>>> => {
  const made = await Promise.all(
    Object.entries(plans).map(async ([cause, plan], index): Promise<readonly [string, MadeCall]> => {
      const call = await meet(target, systemClock.now() * 100 + index, briefMs);
      const sessionId = await plan(call);
      return [cause, { cause, sessionId, tag: call.tag, offerer: call.alice.identity, trace: call.trace }];
    }),
  );
  return Object.fromEntries(made);
};
