import type { CredentialEvent, ObservationEvent, OperationsEvent, SessionEvent } from '@signalbox/domain';
import { CredentialExpired } from './credential/credential-expired.ts';
import { CredentialIssued } from './credential/credential-issued.ts';
import { CredentialRedacted } from './credential/credential-redacted.ts';
import { CredentialRenewed } from './credential/credential-renewed.ts';
import { CredentialRevoked } from './credential/credential-revoked.ts';
import { CredentialRotated } from './credential/credential-rotated.ts';
import type { EventOf } from './event-schema.ts';
import { ConnectionReported } from './observation/connection-reported.ts';
import { DeliveriesRecorded } from './observation/deliveries-recorded.ts';
import { OfferDiscovered } from './observation/offer-discovered.ts';
import { RefusalsCounted } from './observation/refusals-counted.ts';
import { AdminActed } from './operations/admin-acted.ts';
import { AuthenticationFailuresCounted } from './operations/authentication-failures-counted.ts';
import { CheckpointSigned } from './operations/checkpoint-signed.ts';
import { EpochKeyDestroyed } from './operations/epoch-key-destroyed.ts';
import { ErasureCompleted } from './operations/erasure-completed.ts';
import { LimitTripsCounted } from './operations/limit-trips-counted.ts';
import { MasterKeyRotated } from './operations/master-key-rotated.ts';
import { ObservationsDropped } from './operations/observations-dropped.ts';
import { ProcessStarted } from './operations/process-started.ts';
import { ReadModelRebuilt } from './operations/read-model-rebuilt.ts';
import { SweepCompleted } from './operations/sweep-completed.ts';
import { VerificationCompleted } from './operations/verification-completed.ts';
import type { Same } from './same.ts';
import { CandidatesAdded } from './session/candidates-added.ts';
import { CandidatesHeld } from './session/candidates-held.ts';
import { OfferAnswered } from './session/offer-answered.ts';
import { OfferPublished } from './session/offer-published.ts';
import { SessionExpired } from './session/session-expired.ts';
import { SessionRedacted } from './session/session-redacted.ts';
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
    SessionRedacted,
  ],
  credential: [
    CredentialIssued,
    CredentialRotated,
    CredentialRenewed,
    CredentialRevoked,
    CredentialExpired,
    CredentialRedacted,
  ],
  observation: [OfferDiscovered, DeliveriesRecorded, RefusalsCounted, ConnectionReported],
  operations: [
    SweepCompleted,
    ProcessStarted,
    CheckpointSigned,
    MasterKeyRotated,
    EpochKeyDestroyed,
    ErasureCompleted,
    AuthenticationFailuresCounted,
    LimitTripsCounted,
    ObservationsDropped,
    AdminActed,
    ReadModelRebuilt,
    VerificationCompleted,
  ],
} as const;

type EventIn<Category extends keyof typeof schemas> = EventOf<(typeof schemas)[Category][number]>;
true satisfies Same<EventIn<'session'>['type'], SessionEvent['type']>;
true satisfies Same<EventIn<'credential'>['type'], CredentialEvent['type']>;
true satisfies Same<EventIn<'observation'>['type'], ObservationEvent['type']>;
true satisfies Same<EventIn<'operations'>['type'], OperationsEvent['type']>;
