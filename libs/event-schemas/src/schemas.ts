import type { CredentialEvent, OperationsEvent, SessionEvent } from '@signalbox/domain';
import { CredentialExpired } from './credential/credential-expired.ts';
import { CredentialIssued } from './credential/credential-issued.ts';
import { CredentialRenewed } from './credential/credential-renewed.ts';
import { CredentialRevoked } from './credential/credential-revoked.ts';
import { CredentialRotated } from './credential/credential-rotated.ts';
import type { EventOf } from './event-schema.ts';
import { SweepCompleted } from './operations/sweep-completed.ts';
import type { Same } from './same.ts';
import { CandidatesAdded } from './session/candidates-added.ts';
import { CandidatesHeld } from './session/candidates-held.ts';
import { OfferAnswered } from './session/offer-answered.ts';
import { OfferPublished } from './session/offer-published.ts';
import { SessionExpired } from './session/session-expired.ts';
import { SessionRetagged } from './session/session-retagged.ts';
import { SessionWithdrawn } from './session/session-withdrawn.ts';

/** Every event that a log of ours can hold, by the category of its stream. */
export const schemas = {
  session: [
    OfferPublished,
    SessionRetagged,
    OfferAnswered,
    CandidatesAdded,
    CandidatesHeld,
    SessionWithdrawn,
    SessionExpired,
  ],
  credential: [CredentialIssued, CredentialRotated, CredentialRenewed, CredentialRevoked, CredentialExpired],
  operations: [SweepCompleted],
} as const;

type EventIn<Category extends keyof typeof schemas> = EventOf<(typeof schemas)[Category][number]>;
true satisfies Same<EventIn<'session'>['type'], SessionEvent['type']>;
true satisfies Same<EventIn<'credential'>['type'], CredentialEvent['type']>;
true satisfies Same<EventIn<'operations'>['type'], OperationsEvent['type']>;
