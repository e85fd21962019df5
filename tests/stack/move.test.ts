import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { checkProof, type ProofBundle, verifierKey } from '@signalbox/evidence';
import { systemChance, systemClock } from '@signalbox/runtime';
import { until } from '@signalbox/testing';
import type {} from '@signalbox/testing/engines/setup';
import { startEventStoreDbServer } from '@signalbox/testing/eventstoredb-server';
import { expect, inject, it } from 'vitest';
import {
  type Answer,
  bearer,
  type Candidates,
  candidateOf,
  ed25519Caller,
  type Feed,
  type FeedItem,
  hmacCaller,
  issueCredential,
  newTag,
  type Offer,
  type Page,
  publishOne,
  sdpOf,
  type V1Client,
  v1,
} from '../support/client.ts';
import { root } from '../support/process.ts';
import { htCaller, newCredential, type RondevuCaller, rpcResult } from '../support/rondevu.ts';
import { type Server, startStandalone, temporaryDirectory } from '../support/server.ts';
import { stackKeys, startStack } from '../support/stack.ts';

/** What both servers are told. What is not about the end of a session outlives the test. */
const env = {
  ...stackKeys,
  SIGNALBOX_OFFER_MIN_TTL_MS: '1',
  SIGNALBOX_OFFER_DEFAULT_TTL_MS: '3600000',
  SIGNALBOX_ANSWERED_TTL_MS: '3600000',
};

const shell = promisify(execFile);

const admin = bearer('admin', stackKeys.SIGNALBOX_ADMIN_KEYS);

const signalbox = 'node_modules/.bin/node services/cli/src/main.ts';

const run = async (script: string, environment: Readonly<Record<string, string>>) =>
  shell('sh', ['-euc', script], { cwd: root, env: { PATH: process.env.PATH, ...environment } });

/** As the runbook has it: first the keys, then the log, each by two processes and a pipe. */
const move = async (dataDir: string, eventStoreDbUrl: string, namespace: string) => {
  const environment = {
    SIGNALBOX_DATA_DIR: dataDir,
    SIGNALBOX_EVENTSTOREDB_URL: eventStoreDbUrl,
    SIGNALBOX_KEYS_URL: inject('keysUrl') ?? '',
    SIGNALBOX_NAMESPACE: namespace,
  };
  const keys = `${signalbox} keys export --data-dir "$SIGNALBOX_DATA_DIR" | ${signalbox} keys import`;
  expect(await run(keys, environment)).toEqual({
    stdout: '',
    stderr: expect.stringMatching(/^Exported (\d+ epochs? with \d+ keys?)\.\nImported \1\.\n$/),
  });
  expect(await run(`${signalbox} export | ${signalbox} import`, environment)).toEqual({
    stdout: '',
    stderr: expect.stringMatching(/^Exported (\d+) events of log (\S+),.*\nImported \1 events of log \2,.*\n$/),
  });
};

type Timeline = { readonly entries: readonly { readonly position: number; readonly readable: boolean }[] };
type Checkpoints = { readonly keys: readonly { readonly publicKey: string }[] };

/** What an auditor is told of sessions, and the newest checkpoint. */
const recordOf = async (server: Server, sessions: readonly string[]) => {
  const audit = v1(server, admin);
  const timelines: Timeline[] = [];
  for (const id of sessions) timelines.push(ok(await audit.get<Timeline>(`/v1/audit/sessions/${id}`)));
  return { timelines, checkpoint: ok(await audit.get<string>('/v1/audit/checkpoints/latest')) };
};

/** The whole session is in the log that was signed. */
const proven = async (server: Server, sessionId: string) => {
  const audit = v1(server, admin);
  const bundle = await until('the session can be proven', async () => {
    const { status, body } = await audit.get<ProofBundle>(`/v1/audit/sessions/${sessionId}/proof`);
    return status === 200 && body.events.every(({ inclusion }) => inclusion !== null) ? body : null;
  });
  const { keys } = ok(await audit.get<Checkpoints>('/v1/audit/checkpoints'));
  return checkProof(
    bundle,
    keys.map(({ publicKey }) => verifierKey(publicKey)),
  );
};

const ok = <T>({ status, body, text }: Answer<T>): T => {
  if (status >= 300) throw new Error(`${status} ${text}`);
  return body;
};

/** What an item says; its cursor and the time it was told are the server's to choose. */
const told = ({ items }: { readonly items: readonly FeedItem[] }) => items.map(({ cursor, at, ...rest }) => rest);

/** A client's feed, from where its cursor is. */
const feedOf = (client: V1Client, start: string | null = null) => {
  let cursor = start;
  return {
    get cursor() {
      return cursor;
    },
    /** The next page of at most `limit` items. */
    next: async (limit = 100, waitSeconds = 0): Promise<Feed> => {
      const at = cursor === null ? '' : `&cursor=${cursor}`;
      const headers = waitSeconds > 0 ? { prefer: `wait=${waitSeconds}` } : {};
      const page = ok(await client.get<Feed>(`/v1/feed?limit=${limit}${at}`, headers));
      expect(page.recovered, 'the server knows the cursor').toBe(true);
      ({ cursor } = page);
      return page;
    },
  };
};

/** A client of Rondevu: keeps the largest time that it was shown, and asks for what is later. */
const pollerOf = (by: RondevuCaller) => {
  let since = 0;
  return async (server: Server) => {
    const { answers, iceCandidates } = (await rpcResult(server, by, 'poll', { since })) as {
      readonly answers: readonly { readonly answeredAt: number; readonly sdp: string }[];
      readonly iceCandidates: Readonly<Record<string, readonly { createdAt: number; candidate: unknown }[]>>;
    };
    const records = Object.values(iceCandidates).flat();
    since = Math.max(since, ...answers.map((a) => a.answeredAt), ...records.map((r) => r.createdAt));
    return { answers: answers.map(({ sdp }) => sdp), candidates: records.map(({ candidate }) => candidate) };
  };
};

it('clients never notice that the standalone server has become the stack', async () => {
  const namespace = `t${systemChance.uuid().slice(0, 13)}`;
  const dataDir = temporaryDirectory();
  await using standalone = await startStandalone({ env, dataDir });
  const { port, url } = standalone;
  // One address for both, so that the clients are the same before and after.
  let server: Server = standalone;

  const credential = await issueCredential(server);
  const holder = await issueCredential(server);
  const ann = v1(server, hmacCaller(credential.name, credential.secret));
  const byBen = ed25519Caller();
  const ben = v1(server, byBen);
  const tia = v1(server, bearer(holder.name, holder.token));
  const [ron, rob] = [htCaller(await newCredential(server)), htCaller(await newCredential(server))];

  // Open offers, of which Ben has seen two.
  const tag = newTag();
  const published: string[] = [];
  for (let n = 0; n < 5; n++) published.push(await publishOne(ann, tag));
  const allOffers = ok(await ben.get<Page>(`/v1/sessions?tag=${tag}`)).sessions;
  expect(allOffers.map(({ sessionId }) => sessionId)).toEqual(published.toReversed());
  const seen = ok(await ben.get<Page>(`/v1/sessions?tag=${tag}&limit=2`));
  expect(seen.sessions).toEqual(allOffers.slice(0, 2));
  const ofTia = await publishOne(tia, newTag());

  // An answered session with candidates, of which Ann has seen some in her feed, and Ben all.
  const answered = await publishOne(ann, newTag());
  ok(await ben.answer(answered, { sdp: sdpOf('answer') }));
  for (const n of [1, 2, 3]) ok(await ben.trickle(answered, [candidateOf('ben', n), candidateOf('ben', 10 + n)]));
  ok(await ann.trickle(answered, [candidateOf('ann', 1)]));
  const [annsFeed, bensFeed] = [feedOf(ann), feedOf(ben)];
  const firstPage = await annsFeed.next(2);
  expect(told(firstPage).map(({ type }) => type)).toEqual(['answered', 'candidates']);
  expect(told(await bensFeed.next()).map(({ type }) => type)).toEqual(['candidates']);
  const seenCandidates = ok(await ann.get<Candidates>(`/v1/sessions/${answered}/candidates`));
  expect(seenCandidates.candidates).toHaveLength(6);
  ok(await ben.trickle(answered, [candidateOf('ben', 4)]));
  const annsWholeFeed = ok(await ann.feed());
  expect(annsWholeFeed.items).toHaveLength(5);
  const sessionBefore = ok(await ann.get(`/v1/sessions/${answered}`));

  // A session of two clients of Rondevu, of which one has polled in between.
  const rondevu = await rpcResult(server, ron, 'publishOffer', { tags: [newTag()], offers: [{ sdp: sdpOf('ron') }] });
  const [{ offerId } = { offerId: '' }] = rondevu.offers as readonly { readonly offerId: string }[];
  const robsAnswer = sdpOf('rob');
  await rpcResult(server, rob, 'answerOffer', { offerId, sdp: robsAnswer });
  const robAdds = (n: number) =>
    rpcResult(server, rob, 'addIceCandidates', { offerId, candidates: [candidateOf('rob', n)] });
  await robAdds(1);
  const poll = pollerOf(ron);
  expect(await poll(server)).toEqual({ answers: [robsAnswer], candidates: [candidateOf('rob', 1)] });
  for (const n of [2, 3]) await robAdds(n);

  // An offer that falls due while nobody is there, or soon after.
  const short = ok(await ann.publish({ tags: [newTag()], ttlMs: 3_000, offers: [{ sdp: sdpOf('short') }] }));
  const { sessionId: expiring = '', expiresAt = 0 } = short.sessions[0] ?? {};

  const recorded = [answered, published[0] ?? '', ofTia, offerId];
  expect(await proven(server, answered)).toMatchObject({ valid: true });
  const before = await recordOf(server, recorded);
  const kept = join(temporaryDirectory(), 'checkpoint.txt');
  writeFileSync(kept, before.checkpoint);

  expect(await standalone.stop()).toEqual({ code: 0, signal: null });
  const eventStore = await startEventStoreDbServer({ now: systemClock.now });
  try {
    await move(dataDir, eventStore.url, namespace);
    await using stack = await startStack({ env, port }, { eventStoreDbUrl: eventStore.url, namespace });
    expect(stack.url).toBe(url);
    server = stack;

    // What was recorded is told as it was, word for word, found by what is known of it, and proven by the same keys.
    const after = await recordOf(server, recorded);
    for (const [index, { entries }] of before.timelines.entries()) {
      expect(entries.every(({ readable }) => readable)).toBe(true);
      expect(
        after.timelines[index]?.entries.filter(({ position }) => position <= (entries.at(-1)?.position ?? 0)),
      ).toEqual(entries);
    }
    type Found = { readonly sessions: readonly { readonly sessionId: string }[] };
    const found = ok(await v1(server, admin).get<Found>(`/v1/audit/sessions?tag=${tag}`)).sessions;
    expect(found.map(({ sessionId }) => sessionId)).toEqual(published.toReversed());
    expect(await proven(server, answered)).toMatchObject({ valid: true });

    // The cursors give what was not seen yet: all of it, in order, once.
    const rest = ok(await ben.get<Page>(`/v1/sessions?tag=${tag}&limit=2&cursor=${seen.cursor}`));
    expect(rest.sessions).toEqual(allOffers.slice(2, 4));
    const last = ok(await ben.get<Page>(`/v1/sessions?tag=${tag}&limit=2&cursor=${rest.cursor}`));
    expect(last).toEqual({ sessions: allOffers.slice(4), cursor: null });
    expect(ok(await ben.get<Page>(`/v1/sessions?tag=${tag}`)).sessions).toEqual(allOffers);
    expect(told(await annsFeed.next(2))).toEqual(told({ items: annsWholeFeed.items.slice(2, 4) }));
    expect(told(await annsFeed.next(1))).toEqual(told({ items: annsWholeFeed.items.slice(4) }));
    const sinceFirst = feedOf(ann, annsWholeFeed.items[0]?.cursor ?? null);
    expect(told(await sinceFirst.next()).slice(0, 4), 'by the cursor of an item').toEqual(
      told({ items: annsWholeFeed.items.slice(1) }),
    );
    expect(told(await bensFeed.next()), 'Ben has seen it all').toEqual([]);
    const { cursor } = seenCandidates;
    const unseenCandidates = ok(await ann.get<Candidates>(`/v1/sessions/${answered}/candidates?cursor=${cursor}`));
    expect(unseenCandidates.candidates.map(({ candidate }) => candidate)).toEqual([candidateOf('ben', 4)]);
    expect(await poll(server)).toEqual({ answers: [], candidates: [2, 3].map((n) => candidateOf('rob', n)) });
    expect(await poll(server)).toEqual({ answers: [], candidates: [] });

    // What fell due meanwhile has ended, is told of once, and had its true due time.
    const expired = await until('the offer that fell due is told of', async () => (await annsFeed.next()).items[0], {
      withinMs: 30_000,
    });
    expect(expired).toMatchObject({ type: 'expired', sessionId: expiring });
    expect(expired?.at).toBeGreaterThanOrEqual(expiresAt);
    expect(told(await annsFeed.next())).toEqual([]);

    // Sessions go on: by signatures, by the token of before, and by Rondevu's calls.
    expect(ok(await ann.get(`/v1/sessions/${answered}`))).toEqual(sessionBefore);
    const next = bensFeed.next(100, 20);
    ok(await ann.trickle(answered, [candidateOf('ann', 2)]));
    expect(told(await next)).toMatchObject([{ type: 'candidates', candidates: [candidateOf('ann', 2)] }]);
    const [first = ''] = published;
    const answer = sdpOf('answer');
    const waiting = annsFeed.next(100, 20);
    ok(await ben.answer(first, { sdp: answer, matchedTags: [tag] }));
    expect(told(await waiting)).toEqual([
      { type: 'answered', sessionId: first, answerer: byBen.identity, sdp: answer, matchedTags: [tag] },
    ]);
    expect((await tia.answer(first, { sdp: sdpOf('late') })).status).toBe(409);
    const open = (offers: readonly Offer[]) => offers.map(({ sessionId }) => sessionId);
    expect(open(ok(await tia.get<Page>(`/v1/sessions?tag=${tag}`)).sessions)).toEqual(published.slice(1).toReversed());
    expect((await tia.withdraw(ofTia)).status).toBe(204);
    await robAdds(4);
    expect(await poll(server)).toEqual({ answers: [], candidates: [candidateOf('rob', 4)] });

    // And new ones begin and end.
    const brief = ok(await tia.publish({ tags: [newTag()], ttlMs: 1_000, offers: [{ sdp: sdpOf('brief') }] }));
    const tiasFeed = feedOf(tia);
    const end = await until('it has expired', async () => (await tiasFeed.next(100, 1)).items[0], { withinMs: 30_000 });
    expect(end).toMatchObject({ type: 'expired', sessionId: brief.sessions[0]?.sessionId });

    // The log as a whole goes on from what was signed before the move.
    const verified = await run(`${signalbox} verify --eventstoredb "$URL" --checkpoint "$KEPT"`, {
      ...{ ...stackKeys, SIGNALBOX_NAMESPACE: namespace, URL: eventStore.url, KEPT: kept },
    });
    expect(verified).toEqual({ stdout: expect.stringMatching(/^Intact: [\s\S]*checkpoints agree/), stderr: '' });
  } finally {
    await eventStore.close();
  }
}, 240_000);
