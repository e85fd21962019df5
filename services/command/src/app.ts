import type { CredentialCommands, SessionCommands } from '@signalbox/commands';
import type { V1 } from '@signalbox/contracts';
import type { Scope } from '@signalbox/identity';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { addCandidates } from './routes/add-candidates.ts';
import { answerOffer } from './routes/answer-offer.ts';
import { issueCredential } from './routes/issue-credential.ts';
import { issueToken } from './routes/issue-token.ts';
import { publishOffers } from './routes/publish-offers.ts';
import { retagSession } from './routes/retag-session.ts';
import { revokeCredential } from './routes/revoke-credential.ts';
import { rotateCredential } from './routes/rotate-credential.ts';
import { withdrawSession } from './routes/withdraw-session.ts';

export type CommandDeps = {
  readonly v1: V1;
  readonly sessions: SessionCommands;
  readonly credentials: CredentialCommands;
  readonly issueToken: (
    subject: string,
    scopes: readonly Scope[],
  ) => Promise<{ readonly token: string; readonly expiresAt: number }>;
  readonly now: () => number;
  readonly credentialTtlMs: { readonly default: number; readonly max: number };
  readonly defaultGraceMs: number;
};

export type CommandRoute = FastifyPluginAsyncZod<CommandDeps>;

/** HTTP v1, the writing half. Each route translates a request into one command and its result into an answer. */
export const commandRoutes: CommandRoute = async (app, deps) => {
  for (const route of [
    issueCredential,
    rotateCredential,
    revokeCredential,
    issueToken,
    publishOffers,
    retagSession,
    withdrawSession,
    answerOffer,
    addCandidates,
  ]) {
    await app.register(route, deps);
  }
};
