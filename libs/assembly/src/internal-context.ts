import type { CommandContext } from '@signalbox/commands';

/** For commands that nobody asked for but time. `actor` is the part of the server, `cause` names what made it act. */
export const internalContext = (actor: `system:${string}`, cause: string): CommandContext => ({
  metadata: {
    actor,
    correlationId: cause,
    causationId: cause,
    trace: null,
    authorisation: {
      scheme: 'internal',
      key: null,
      algorithm: null,
      nonce: null,
      timestamp: null,
      signature: null,
      signedTextHash: null,
    },
  },
  commandId: null,
});
