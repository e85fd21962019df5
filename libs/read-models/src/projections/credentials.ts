import type { CredentialEvent } from '@signalbox/domain';
import { idOf, type Projection } from '@signalbox/event-sourcing';
import type { CredentialRow } from '../rows.ts';

/** What verification needs: sealed secrets and how long they count. An ended credential stays until it is forgotten. */
export const credentials: Projection<CredentialEvent, CredentialRow> = {
  name: 'credentials@1',
  category: 'credential',
  on: {
    CredentialIssued: (_, { stream, event }) => ({
      row: { name: idOf(stream), ...event.data, previous: null, endedAt: null },
    }),
    CredentialRotated: (row, { event }) => ({
      row: row && {
        ...row,
        sealedSecret: event.data.sealedSecret,
        previous: { sealedSecret: row.sealedSecret, validUntil: event.data.previousValidUntil },
      },
    }),
    CredentialRenewed: (row, { event }) => ({ row: row && { ...row, expiresAt: event.data.expiresAt } }),
    CredentialRevoked: (row, { event }) => ({ row: row && { ...row, endedAt: event.data.revokedAt } }),
    CredentialExpired: (row, { event }) => ({ row: row && { ...row, endedAt: event.data.dueAt } }),
    CredentialRedacted: () => ({ row: undefined }),
  },
};
