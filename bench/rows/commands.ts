import { CONNECTIONS, type Target } from '../driver/targets.ts';
import { type Caller, issueCredential, keyCaller, newKey, prepare, secretCaller, tokenCaller } from './callers.ts';
import { publishMany } from './offers.ts';
import { candidate, sdp } from './payloads.ts';
import { allAtOnce, inTurn, type Row, times } from './row.ts';

type MakeCallers = (target: Target) => Promise<readonly Caller[]>;

/** As many as there are connections. */
export const withKeys: MakeCallers = async () => times(CONNECTIONS, () => keyCaller(newKey()));

const issueAll = ({ connections, origin }: Target) =>
  Promise.all(times(CONNECTIONS, () => issueCredential(connections, origin)));

const withSecrets: MakeCallers = async (target) => (await issueAll(target)).map(secretCaller);

export const withTokens: MakeCallers = async (target) => (await issueAll(target)).map(tokenCaller);

const TAGS = ['bench', 'room-1'];

const publish = (name: string, makeCallers: MakeCallers): Row => ({
  name,
  open: async (target) => {
    const callers = await makeCallers(target);
    return allAtOnce(target, async (count) =>
      times(count, (index) => {
        const content = { tags: TAGS, offers: [{ sdp: sdp() }] };
        return prepare(inTurn(callers, index), target.origin, 'POST', '/v1/sessions', content, 201);
      }),
    );
  },
});

const answer: Row = {
  name: 'answer, Ed25519',
  open: async (target) => {
    const offerers = await withTokens(target);
    const answerers = await withKeys(target);
    return allAtOnce(target, async (count) => {
      const ids = await publishMany(target, offerers, count, { tags: TAGS });
      return ids.map((id, index) => {
        const content = { sdp: sdp(), matchedTags: TAGS.slice(0, 1) };
        return prepare(inTurn(answerers, index), target.origin, 'POST', `/v1/sessions/${id}/answer`, content, 201);
      });
    });
  },
};

/** Each request brings two; a party may have 50 in a session. */
const REQUESTS_PER_SESSION = 20;

const candidates: Row = {
  name: 'candidates (2), Ed25519',
  open: async (target) => {
    const [offerer] = await withKeys(target);
    return allAtOnce(target, async (count) => {
      const sessions = Math.max(Math.ceil(count / REQUESTS_PER_SESSION), 2 * CONNECTIONS);
      const ids = await publishMany(target, [offerer!], sessions, { tags: TAGS });
      return times(count, (index) => {
        const content = { candidates: [candidate(), candidate()] };
        return prepare(offerer!, target.origin, 'POST', `/v1/sessions/${inTurn(ids, index)}/candidates`, content, 201);
      });
    });
  },
};

export const commandRows: readonly Row[] = [
  publish('publish, Ed25519', withKeys),
  publish('publish, HMAC', withSecrets),
  publish('publish, bearer token', withTokens),
  answer,
  candidates,
];
