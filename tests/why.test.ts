import { until } from '@signalbox/testing';
import { diagnose, type Fact } from '@signalbox/verdict';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Issued, Session } from './support/client.ts';
import { type FakeServer, startFakeServer } from './support/fake-server.ts';

const MINUTE = 60_000;

let server: FakeServer;
let alice: Issued;
let bob: Issued;
let carol: Issued;

const issue = async (): Promise<Issued> => (await server.request<Issued>('POST', '/v1/credentials')).body;

beforeEach(async () => {
  server = await startFakeServer();
  [alice, bob, carol] = [await issue(), await issue(), await issue()];
});
afterEach(() => server.stop());

type Method = Parameters<FakeServer['request']>[0];

const as = async <T = unknown>(who: Pick<Issued, 'token'>, method: Method, path: string, body?: unknown) => {
  const headers = { authorization: `Bearer ${who.token}` };
  return server.request<T>(method, path, { headers, ...(body !== undefined && { body }) });
};

const sdp = (ufrag: string, setup: string, candidates: readonly string[] = []) =>
  [
    ...['v=0', 'o=- 1 2 IN IP4 127.0.0.1', 's=-', 't=0 0', 'm=application 9 UDP/DTLS/SCTP webrtc-datachannel'],
    ...[...candidates.map((line) => `a=${line}`), `a=ice-ufrag:${ufrag}`, 'a=ice-pwd:0123456789012345678901'],
    ...[`a=fingerprint:sha-256 ${Array(32).fill('AB').join(':')}`, `a=setup:${setup}`, 'a=mid:0', ''],
  ].join('\r\n');

const HOST = 'candidate:1 1 udp 2122260223 192.168.0.2 50000 typ host';
const SRFLX = 'candidate:2 1 udp 1686052607 84.1.2.3 50000 typ srflx raddr 192.168.0.2 rport 50000';
const init = (candidate: string) => ({ candidate, sdpMid: '0', sdpMLineIndex: 0 });

const publish = async (candidates: readonly string[] = []): Promise<string> => {
  const body = { tags: ['chat'], ttlMs: 2 * MINUTE, offers: [{ sdp: sdp('aaaa', 'actpass', candidates) }] };
  const answer = await as<{ sessions: Session[] }>(alice, 'POST', '/v1/sessions', body);
  return answer.body.sessions[0]?.sessionId ?? '';
};
const answer = (id: string, who: Pick<Issued, 'token'> = bob, candidates: readonly string[] = []) =>
  as(who, 'POST', `/v1/sessions/${id}/answer`, { sdp: sdp('bbbb', 'active', candidates) });
const trickle = (id: string, who: Issued, ...lines: readonly string[]) =>
  as(who, 'POST', `/v1/sessions/${id}/candidates`, { candidates: lines.map(init) });
const discover = () => server.request('GET', '/v1/sessions?tag=chat');
const report = (id: string, who: Issued, body: unknown) => as(who, 'POST', `/v1/sessions/${id}/report`, body);

/** What happened, as the log of the server has it: of the session, and what was seen around it. */
const timeline = async (id: string): Promise<readonly Fact[]> =>
  (await server.recorded())
    .filter(({ stream }) => stream === `session-${id}` || stream === `observation-${id}`)
    .map(({ position, id: eventId, recordedAt, metadata, event }) => ({
      ...{
        position,
        eventId,
        at: recordedAt,
        actor: metadata.actor,
        event: event as Extract<Fact['event'], { data: object }>,
      },
    }));

/** The verdict when all is over and recorded. */
const verdictOf = async (id: string) => {
  await server.clock.advance(5 * MINUTE);
  await until('the end is recorded', async () =>
    (await timeline(id)).some(({ event }) => event.type === 'SessionExpired' || event.type === 'SessionWithdrawn'),
  );
  return diagnose(await timeline(id), server.clock.now());
};

describe('why a call did not connect, on a whole server', () => {
  it('nobody was shown the offer', async () => {
    expect(await verdictOf(await publish())).toMatchObject({ cause: 'never_discovered', certain: true });
  });

  it('somebody was shown it, and did not answer', async () => {
    const id = await publish();
    await discover();
    expect(await verdictOf(id)).toMatchObject({ cause: 'discovered_not_answered', certain: true });
  });

  it('the answer was refused, because its sender was not believed', async () => {
    const id = await publish();
    await discover();
    expect((await answer(id, { token: 'a.b.c' })).status).toBe(401);
    // A token that says nothing may be anybody's: that it was who had to answer is likely, not certain.
    expect(await verdictOf(id)).toMatchObject({
      ...{ cause: 'signature_refused', certain: false, alternatives: ['discovered_not_answered'] },
    });
  });

  it('the answer was never fetched', async () => {
    const id = await publish([SRFLX]);
    await answer(id, bob, [SRFLX]);
    expect(await verdictOf(id)).toMatchObject({ cause: 'answer_not_fetched', certain: true });
  });

  it('the answerer sent no candidates', async () => {
    const id = await publish();
    await trickle(id, alice, HOST, SRFLX);
    await answer(id);
    for (const who of [alice, bob]) await as(who, 'GET', '/v1/feed');
    expect(await verdictOf(id)).toMatchObject({ cause: 'only_offerer_sent_candidates' });
  });

  it('the answerer did not fetch the candidates', async () => {
    const id = await publish();
    await trickle(id, alice, HOST, SRFLX);
    await answer(id, bob, [SRFLX]);
    await as(alice, 'GET', '/v1/feed');
    expect(await verdictOf(id)).toMatchObject({ cause: 'candidates_not_fetched', certain: true });
  });

  it('somebody else had answered', async () => {
    const id = await publish([SRFLX]);
    await answer(id, bob, [SRFLX]);
    expect((await answer(id, carol)).status).toBe(409);
    await as(alice, 'GET', `/v1/sessions/${id}`);
    expect(await verdictOf(id)).toMatchObject({ cause: 'answered_by_another', certain: true });
  });

  it('both had addresses of their own networks alone, and one of them says that it failed', async () => {
    const id = await publish([HOST]);
    await answer(id, bob, [HOST]);
    await as(alice, 'GET', '/v1/feed');
    await report(id, bob, { outcome: 'failed', iceConnectionState: 'failed' });
    expect(await verdictOf(id)).toMatchObject({ cause: 'only_host_candidates', certain: true, outcome: 'failed' });
  });

  it('it did connect, over trickled candidates that both fetched by polling', async () => {
    const id = await publish();
    await discover();
    await answer(id);
    await trickle(id, bob, HOST, SRFLX);
    await trickle(id, alice, SRFLX);
    for (const who of [alice, bob, alice, bob]) {
      await as(who, 'GET', '/v1/feed');
      await as(who, 'GET', `/v1/sessions/${id}/candidates`);
    }
    await server.clock.advance(10_000);
    await report(id, alice, { outcome: 'connected', localCandidateType: 'srflx', remoteCandidateType: 'srflx' });
    expect(await verdictOf(id)).toMatchObject({ cause: 'connected', outcome: 'connected', contradiction: null });
  });

  it('leaves a few events of it, however often the parties poll', async () => {
    const id = await publish([SRFLX]);
    await answer(id, bob, [SRFLX]);
    for (let i = 0; i < 20; i++) {
      await discover();
      await as(alice, 'GET', '/v1/feed');
      await as(carol, 'GET', `/v1/sessions/${id}`);
      await server.clock.advance(1_000);
    }
    await until('it is recorded', async () =>
      (await timeline(id)).some(({ event }) => event.type === 'RefusalsCounted'),
    );
    const types = (await timeline(id)).map(({ event }) => event.type);
    expect(types.filter((type) => type === 'DeliveriesRecorded')).toHaveLength(1);
    expect(types.filter((type) => type === 'RefusalsCounted').length).toBeLessThanOrEqual(3);
  });
});
