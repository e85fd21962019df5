import { accept, type Decision, reject } from '@signalbox/event-sourcing';
import type { SessionCommand, SessionRejection } from './commands.ts';
import type { Role, SessionEvent } from './events.ts';
import type { Answered, Open, Trickled } from './state.ts';

type AddCandidates = Extract<SessionCommand, { readonly type: 'AddCandidates' }>;
type SessionDecision = Decision<SessionEvent, SessionRejection>;

/**
 * For how many identities candidates are held at once. A newcomer pushes out the oldest, so that whoever fills the
 * places first does not keep the answerer out.
 */
export const MAX_IDENTITIES_HELD = 32;

/** How often candidates are held in one session at most: what bounds its stream, whoever writes to it. */
export const MAX_TIMES_HELD = 1_000;

/**
 * Candidates count per role, so that one party can't starve the other. Before the answer anyone's are held; after it
 * only the two parties are heard.
 */
export const trickle = (c: AddCandidates, s: Open | Answered): SessionDecision => {
  if (c.by === s.publisher) return add(c, 'offerer', s.offerer);
  if (s.status === 'open') return hold(c, s);
  return c.by === s.answerer ? add(c, 'answerer', s.answering) : reject({ code: 'not_authorized' });
};

const add = (c: AddCandidates, role: Role, have: Trickled): SessionDecision => {
  if (have.batchIds.includes(c.batchId)) return accept();
  if (have.count + c.candidates.length > c.maxPerRole) return tooMany(c.maxPerRole, have.count);
  return accept({
    type: 'CandidatesAdded',
    data: {
      role,
      identity: c.by,
      candidates: c.candidates,
      firstIndex: have.count,
      batchId: c.batchId,
      addedAt: c.now,
    },
  });
};

const hold = (c: AddCandidates, s: Open): SessionDecision => {
  const mine = s.held.find((held) => held.identity === c.by);
  if (mine?.batchIds.includes(c.batchId)) return accept();
  const have = mine?.candidates.length ?? 0;
  if (have + c.candidates.length > c.maxPerRole) return tooMany(c.maxPerRole, have);
  if (s.timesHeld >= MAX_TIMES_HELD) return tooMany(MAX_TIMES_HELD, s.timesHeld);
  const full = mine === undefined && s.held.length >= MAX_IDENTITIES_HELD;
  return accept({
    type: 'CandidatesHeld',
    data: {
      identity: c.by,
      candidates: c.candidates,
      batchId: c.batchId,
      heldAt: c.now,
      evicted: full ? (s.held[0]?.identity ?? null) : null,
    },
  });
};

const tooMany = (limit: number, have: number): SessionDecision => reject({ code: 'too_many_candidates', limit, have });
