import type { Identity, Stores, WriteSide } from '@signalbox/assembly';
import type { CredentialCommands, ObservationCommands, SessionCommands } from '@signalbox/commands';
import type { V1 } from '@signalbox/contracts';
import type { Scope } from '@signalbox/identity';
import type { Config } from '@signalbox/runtime';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { addCandidates } from './routes/add-candidates.ts';
import { answerOffer } from './routes/answer-offer.ts';
import { issueCredential } from './routes/issue-credential.ts';
import { issueToken } from './routes/issue-token.ts';
import { publishOffers } from './routes/publish-offers.ts';
import { reportConnection } from './routes/report.ts';
import { retagSession } from './routes/retag-session.ts';
import { revokeCredential } from './routes/revoke-credential.ts';
import { rotateCredential } from './routes/rotate-credential.ts';
import { withdrawSession } from './routes/withdraw-session.ts';

export type CommandDeps = {
  readonly v1: V1;
  readonly sessions: SessionCommands;
  readonly credentials: CredentialCommands;
  readonly observations: Pick<ObservationCommands, 'report'>;
  /** Ended sessions are found too, until they are forgotten. */
  readonly findSession: Stores['sessions']['find'];
  readonly issueToken: (
    subject: string,
    scopes: readonly Scope[],
  ) => Promise<{ readonly token: string; readonly expiresAt: number }>;
  readonly now: () => number;
  readonly credentialTtlMs: { readonly default: number; readonly max: number };
  readonly defaultGraceMs: number;
};

/** What the routes need, of the parts that a process has. */
export const commandDeps = (parts: {
  readonly v1: V1;
  readonly config: Pick<Config, 'lifetimes'>;
  readonly writeSide: WriteSide;
  readonly rows: Pick<Stores['sessions'], 'find'>;
  readonly identity: Pick<Identity, 'tokens'>;
  readonly now: () => number;
}): CommandDeps => {
  const { v1, writeSide, identity, rows, now } = parts;
  const { credentialTtlMs, rotationGraceMs } = parts.config.lifetimes;
  return {
    ...{ v1, now },
    sessions: writeSide.sessions,
    credentials: writeSide.credentials,
    observations: writeSide.observations,
    findSession: (sessionId) => rows.find(sessionId),
    issueToken: (subject, scopes) => identity.tokens.issue({ subject, scopes, now: now() }),
    credentialTtlMs: { default: credentialTtlMs, max: Math.max(credentialTtlMs, MAX_CREDENTIAL_TTL_MS) },
    defaultGraceMs: rotationGraceMs,
  };
};

const MAX_CREDENTIAL_TTL_MS = 10 * 365 * 24 * 3_600_000;

export { commandContext } from './context.ts';

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
    reportConnection,
  ]) {
    await app.register(route, deps);
  }
};
