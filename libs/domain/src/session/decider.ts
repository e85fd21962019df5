import { accept, type Decider, type Decision, reject } from '@signalbox/event-sourcing';
import type { SessionCommand, SessionRejection } from './commands.ts';
import type { SessionEvent } from './events.ts';
import { type Answered, evolve, type Open, type Session } from './state.ts';
import { trickle } from './trickle.ts';

export type SessionDecision = Decision<SessionEvent, SessionRejection>;

type Command<T extends SessionCommand['type']> = Extract<SessionCommand, { readonly type: T }>;

const publish = (c: Command<'PublishOffer'>, s: Session): SessionDecision => {
  if (s.status === 'absent') {
    return accept({
      type: 'OfferPublished',
      data: {
        publisher: c.by,
        tags: c.tags,
        service: c.service,
        sdp: c.sdp,
        publishedAt: c.now,
        expiresAt: c.now + c.ttlMs,
      },
    });
  }
  const repeats = s.status === 'open' && s.publisher === c.by && s.sdp === c.sdp && s.publishedAt === c.now;
  return repeats ? accept() : reject({ code: 'session_exists' });
};

const retag = (c: Command<'RetagSession'>, s: Open | Answered): SessionDecision => {
  if (c.by !== s.publisher) return reject({ code: 'not_authorized' });
  const same = c.tags.length === s.tags.length && c.tags.every((tag, i) => tag === s.tags[i]);
  return same ? accept() : accept({ type: 'SessionRetagged', data: { tags: c.tags, retaggedAt: c.now } });
};

const answer = (c: Command<'AnswerOffer'>, s: Open | Answered): SessionDecision => {
  if (s.status === 'answered') {
    return s.answerer === c.by && s.answer === c.sdp
      ? accept()
      : reject({ code: 'offer_already_answered', answerer: s.answerer, answeredAt: s.answeredAt });
  }
  const unknown = (c.matchedTags ?? []).filter((tag) => !s.tags.includes(tag));
  if (unknown.length > 0) return reject({ code: 'tags_not_on_offer', tags: unknown });

  const answered: SessionEvent = {
    type: 'OfferAnswered',
    data: {
      answerer: c.by,
      sdp: c.sdp,
      matchedTags: c.matchedTags,
      answeredAt: c.now,
      expiresAt: c.answeredTtlMs === null ? s.expiresAt : c.now + c.answeredTtlMs,
    },
  };
  // What the winner sent ahead of its answer becomes the answerer's, in the same append and so for everyone at once.
  const held = s.held.find((one) => one.identity === c.by);
  if (!held) return accept(answered);
  const promoted: SessionEvent = {
    type: 'CandidatesAdded',
    data: {
      role: 'answerer',
      identity: c.by,
      candidates: held.candidates,
      firstIndex: 0,
      batchId: held.batchIds.at(-1) ?? '',
      addedAt: c.now,
    },
  };
  return accept<SessionEvent>(answered, promoted);
};

const withdraw = (c: Command<'WithdrawSession'>, s: Open | Answered): SessionDecision =>
  c.by === s.publisher
    ? accept({ type: 'SessionWithdrawn', data: { reason: c.reason, withdrawnAt: c.now } })
    : reject({ code: 'not_authorized' });

const expire = (c: Command<'ExpireSession'>, s: Session): SessionDecision =>
  (s.status === 'open' || s.status === 'answered') && c.now >= s.expiresAt
    ? accept({ type: 'SessionExpired', data: { dueAt: s.expiresAt, was: s.status, expiredAt: c.now } })
    : accept(); // it ended some other way, or lives longer than whoever asked believed

const redact = (c: Command<'RedactSession'>, s: Session): SessionDecision =>
  s.status === 'ended' && s.how === 'redacted'
    ? accept()
    : accept({ type: 'SessionRedacted', data: { reason: c.reason, policy: c.policy, redactedAt: c.now } });

/** Expiry is decided by the due time: at that instant the session has ended, whether or not the event has come. */
const asOf = (now: number, s: Session): Session =>
  (s.status === 'open' || s.status === 'answered') && now >= s.expiresAt
    ? {
        status: 'ended',
        how: 'expired',
        endedAt: s.expiresAt,
        publisher: s.publisher,
        answerer: s.status === 'answered' ? s.answerer : null,
      }
    : s;

const decide = (c: SessionCommand, recorded: Session): SessionDecision => {
  if (c.type === 'ExpireSession') return expire(c, recorded);
  if (c.type === 'RedactSession') return redact(c, recorded);
  const s = asOf(c.now, recorded);
  if (c.type === 'PublishOffer') return publish(c, s);
  if (s.status === 'absent') return reject({ code: 'offer_not_found' });
  if (s.status === 'ended') {
    if (s.how === 'redacted') return reject({ code: 'offer_not_found' });
    if (c.type === 'WithdrawSession' && c.by === s.publisher && s.how === 'withdrawn') return accept();
    const party = c.by === s.publisher || c.by === s.answerer;
    return reject(party ? { code: 'session_ended', how: s.how, endedAt: s.endedAt } : { code: 'offer_not_found' });
  }
  switch (c.type) {
    case 'RetagSession':
      return retag(c, s);
    case 'AnswerOffer':
      return answer(c, s);
    case 'AddCandidates':
      return trickle(c, s);
    case 'WithdrawSession':
      return withdraw(c, s);
  }
};

/** One offer, at most one answer, candidates from both sides, exactly one end. The id is the session's and offer's. */
export const session: Decider<SessionCommand, Session, SessionEvent, SessionRejection> = {
  category: 'session',
  initial: { status: 'absent' },
  decide,
  evolve,
  isTerminal: (s) => s.status === 'ended',
};
