import type { CredentialEvent, SessionEvent } from '@signalbox/domain';
import { idOf, type Projection } from '@signalbox/event-sourcing';
import type { DueRow } from '../rows.ts';

const settled = () => ({ row: undefined });

export const sessionDueTimes: Projection<SessionEvent, DueRow> = {
  name: 'session-due-times@1',
  category: 'session',
  on: {
    OfferPublished: (_, { stream, event }) => ({
      row: { kind: 'session', id: idOf(stream), dueAt: event.data.expiresAt },
    }),
    SessionRetagged: 'ignored',
    OfferAnswered: (row, { event }) => ({ row: row && { ...row, dueAt: event.data.expiresAt } }),
    CandidatesAdded: 'ignored',
    CandidatesHeld: 'ignored',
    SessionWithdrawn: settled,
    SessionExpired: settled,
    SessionRedacted: settled,
  },
};

export const credentialDueTimes: Projection<CredentialEvent, DueRow> = {
  name: 'credential-due-times@1',
  category: 'credential',
  on: {
    CredentialIssued: (_, { stream, event }) => ({
      row: { kind: 'credential', id: idOf(stream), dueAt: event.data.expiresAt },
    }),
    CredentialRotated: 'ignored',
    CredentialRenewed: (row, { event }) => ({ row: row && { ...row, dueAt: event.data.expiresAt } }),
    CredentialRevoked: settled,
    CredentialExpired: settled,
    CredentialRedacted: settled,
  },
};
