import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, expect, it, onTestFinished } from 'vitest';
import { signalbox } from './fixtures.ts';

const entry = (over: object) => ({
  ...{ position: 1, stream: 'session-s1', type: 'OfferPublished', at: 1_700_000_000_000, actor: 'alice', size: 120 },
  ...{ payload: { tags: ['chat'], sdp: 'secret sdp' }, readable: true, hash: 'ab' },
  ...over,
});

const timeline = {
  ...{ sessionId: 's1', state: 'expired', offerer: 'alice', answerer: null, redacted: false },
  entries: [
    entry({}),
    entry({
      position: 7,
      type: 'OfferAnswered',
      at: 1_700_000_001_250,
      actor: 'b\u001b[2Job',
      payload: null,
      readable: false,
    }),
    entry({
      position: 9,
      type: 'SessionExpired',
      at: 1_700_000_060_000,
      actor: 'system:scheduler',
      payload: { was: 'open' },
    }),
  ],
  refusals: [
    {
      ...{ code: 'OFFER_ALREADY_ANSWERED', operation: 'answer', identity: 'carol', count: 3, detail: null },
      ...{ firstAt: 1_700_000_002_000, lastAt: 1_700_000_003_000 },
    },
  ],
  verdict: {
    ...{ outcome: 'failed', cause: 'answer_not_fetched', certain: false, sentence: 'The answer was never fetched.' },
    evidence: [{ position: 7, eventId: 'x', says: 'the answer was given' }],
    ...{ advice: ['Poll the feed.'], alternatives: ['expired'], contradiction: 'Bob says that it connected.' },
  },
};

const aServer = async (): Promise<{ readonly url: string; readonly asked: string[] }> => {
  const asked: string[] = [];
  const server = createServer((request, answer) => {
    asked.push(`${request.headers.authorization} ${request.url}`);
    const known = request.url === '/v1/audit/sessions/s1';
    answer.statusCode = known ? 200 : 404;
    const problem = {
      title: 'There is no such offer',
      status: 404,
      detail: 'None.',
      code: 'OFFER_NOT_FOUND',
      traceId: 't',
    };
    answer.end(JSON.stringify(known ? timeline : problem));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const address = server.address();
  return { url: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`, asked };
};

const env = { SIGNALBOX_ADMIN_KEYS: 'ab'.repeat(32) };

describe('signalbox timeline', () => {
  it('tells verdict, events and refusals, plainly where no terminal is', async () => {
    const { url, asked } = await aServer();
    const { code, stdout, stderr } = await signalbox(['timeline', 's1', '--server', url], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(asked).toEqual([`Bearer ${env.SIGNALBOX_ADMIN_KEYS} /v1/audit/sessions/s1`]);
    expect(stdout.split('\n')).toEqual([
      'session s1: expired, offered by alice, answered by nobody',
      '',
      'failed (answer_not_fetched, likely): The answer was never fetched.',
      '  because the answer was given (position 7)',
      '  but Bob says that it connected.',
      '  try: Poll the feed.',
      '  or it was: expired',
      '',
      expect.stringMatching(
        /^2023-11-14 22:13:20\.000 {5}\+0\.000 s {2}OfferPublished {7}alice +tags chat; 120 bytes$/,
      ),
      expect.stringMatching(/\+1\.250 s {2}OfferAnswered {8}b·\[2Job +sealed, 120 bytes/),
      expect.stringMatching(/\+60\.000 s {2}SessionExpired {7}system:scheduler +was open$/),
      '',
      'refused',
      '  3 × OFFER_ALREADY_ANSWERED (answer) to carol, 2023-11-14 22:13:22.000 to 2023-11-14 22:13:23.000',
      '',
    ]);
  });

  it('is coloured on a terminal, unless NO_COLOR says no', async () => {
    const { url } = await aServer();
    const isTerminal = { stdin: true, stdout: true, stderr: true };
    const args = ['timeline', 's1', '--server', url];
    const plain = await signalbox(args, { env });
    const coloured = await signalbox(args, { env, isTerminal });
    expect(coloured.stdout).toContain('\u001b[31mfailed\u001b[0m');
    expect((await signalbox(args, { env: { ...env, NO_COLOR: '1' }, isTerminal })).stdout).toBe(plain.stdout);
  });

  it('--json gives what the server said', async () => {
    const { url } = await aServer();
    const { stdout } = await signalbox(['timeline', 's1', '--json', '--server', url], { env });
    expect(JSON.parse(stdout)).toEqual(timeline);
  });

  it('fails for a session that is not there, and for a server that is not', async () => {
    const { url } = await aServer();
    const unknown = await signalbox(['timeline', 's2', '--server', url], { env });
    expect(unknown).toEqual({ code: 1, stdout: '', stderr: expect.stringContaining('OFFER_NOT_FOUND') });
    expect((await signalbox(['timeline', 's1', '--server', 'http://127.0.0.1:1'], { env })).code).toBe(1);
    const without = await signalbox(['timeline']);
    expect(without).toEqual({ code: 2, stdout: '', stderr: expect.stringContaining('SESSION is missing') });
  });
});
