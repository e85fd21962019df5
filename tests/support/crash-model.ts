import { expect } from 'vitest';
import { type Caller, type Candidates, hmacCaller, type Page, v1 } from './client.ts';
import type { RondevuCaller } from './rondevu.ts';
import type { Target } from './server.ts';

/** What a client knows that it was told, and what it asked for without being answered, before the server was killed. */

export type Actor = { readonly caller: Caller; readonly rpc: RondevuCaller };

/** A command without a key whose answer never came: it has happened whole, or not at all. */
export type Doubt =
  | { readonly kind: 'answer'; readonly by: Actor; readonly sdp: string }
  | { readonly kind: 'candidates'; readonly role: 'offerer' | 'answerer'; readonly candidates: readonly unknown[] }
  | { readonly kind: 'withdraw' };

export type KnownSession = {
  readonly id: string;
  readonly publisher: Actor;
  readonly sdp: string;
  readonly tag: string;
  /** It was published for a moment only, and may have ended by itself. */
  readonly brief: boolean;
  answer: { readonly by: Actor; readonly sdp: string } | null;
  fromOfferer: readonly unknown[];
  /** Before the answer, what the one who will answer has sent ahead. */
  fromAnswerer: readonly unknown[];
  withdrawn: boolean;
  doubt: Doubt | null;
};

export type KnownCredential = { readonly name: string; secrets: readonly string[]; revoked: boolean };

type Shown = {
  readonly state: string;
  readonly offer: { readonly sdp: string };
  readonly tags: readonly string[];
  readonly answer?: { readonly answerer: string; readonly sdp: string };
  readonly candidates: { readonly offerer: number; readonly answerer: number };
};

/** Compares what the server shows with what it has acknowledged; a doubt is settled by what is seen. */
export const checkSession = async (server: Target, session: KnownSession, when: string): Promise<void> => {
  const what = `${when}, session ${session.id}`;
  const offerer = v1(server, session.publisher.caller);
  const seen = await offerer.get<Shown & { readonly ended?: { readonly how: string } }>(`/v1/sessions/${session.id}`);
  if (seen.status === 410) {
    const { how } = seen.body.ended ?? {};
    if (session.doubt?.kind === 'withdraw' && how === 'withdrawn') session.withdrawn = true;
    session.doubt = null;
    if (how === 'withdrawn') expect(session.withdrawn, `${what} ended by nobody`).toBe(true);
    else expect([how, session.brief], what).toEqual(['expired', true]);
    return;
  }
  expect([seen.status, session.withdrawn], `${what}: ${seen.text}`).toEqual([200, false]);
  const { state, offer, tags, answer, candidates } = seen.body;
  expect([offer.sdp, tags], what).toEqual([session.sdp, [session.tag]]);

  const { doubt } = session;
  if (doubt?.kind === 'answer' && answer?.sdp === doubt.sdp) session.answer = { by: doubt.by, sdp: doubt.sdp };
  expect(state, what).toBe(session.answer ? 'answered' : 'open');
  expect(answer && [answer.answerer, answer.sdp], what).toEqual(
    session.answer ? [session.answer.by.caller.identity, session.answer.sdp] : undefined,
  );
  if (session.answer) {
    const answerer = v1(server, session.answer.by.caller);
    session.fromOfferer = settled(
      session.fromOfferer,
      await candidatesFor(answerer, session.id),
      doubt,
      'offerer',
      what,
    );
    session.fromAnswerer = settled(
      session.fromAnswerer,
      await candidatesFor(offerer, session.id),
      doubt,
      'answerer',
      what,
    );
    expect(candidates, what).toEqual({
      offerer: session.fromOfferer.length,
      answerer: session.fromAnswerer.length,
    });
    session.doubt = null;
  } else if (doubt?.kind === 'candidates' && doubt.role === 'offerer') {
    const more = candidates.offerer - session.fromOfferer.length;
    expect([0, doubt.candidates.length], `${what}: a batch is there whole or not at all`).toContain(more);
    if (more > 0) session.fromOfferer = [...session.fromOfferer, ...doubt.candidates];
    session.doubt = null;
  } else if (doubt?.kind !== 'candidates') {
    // Whether candidates were held can't be seen before their sender has won: that doubt stays.
    expect(candidates.offerer, what).toBe(session.fromOfferer.length);
    session.doubt = null;
  }
};

const candidatesFor = async (client: ReturnType<typeof v1>, id: string): Promise<readonly unknown[]> => {
  const answer = await client.get<Candidates>(`/v1/sessions/${id}/candidates`);
  expect(answer.status, answer.text).toBe(200);
  return answer.body.candidates.map(({ candidate }) => candidate);
};

const settled = (
  known: readonly unknown[],
  seen: readonly unknown[],
  doubt: Doubt | null,
  role: 'offerer' | 'answerer',
  what: string,
): readonly unknown[] => {
  const possible = doubt?.kind === 'candidates' && doubt.role === role ? [...known, ...doubt.candidates] : known;
  const expected = seen.length === possible.length ? possible : known;
  expect(seen, `${what}, the ${role}’s candidates`).toEqual(expected);
  return expected;
};

export const checkCredential = async (server: Target, credential: KnownCredential, when: string): Promise<void> => {
  for (const secret of credential.secrets) {
    const { status } = await v1(server, hmacCaller(credential.name, secret)).feed();
    expect(status, `${when}, credential ${credential.name}`).toBe(credential.revoked ? 401 : 200);
  }
};

/** The sessions that are published under a tag that one command alone has used. */
export const findByTag = async (server: Target, anyone: Caller, tag: string): Promise<Page['sessions']> =>
  (await v1(server, anyone).get<Page>(`/v1/sessions?tag=${tag}&limit=100`)).body.sessions;
