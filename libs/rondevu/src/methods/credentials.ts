import type { CredentialCommands } from '@signalbox/commands';
import { isCredentialName } from '@signalbox/identity';
import { z } from 'zod';
import { Failure, fail } from '../failure.ts';
import { read } from '../params.ts';
import { CREDENTIAL_LIFETIME_MS } from '../renewal.ts';
import { answered, type OpenMethod, open } from './method.ts';

const MAX_LIFETIME_MS = 10 * CREDENTIAL_LIFETIME_MS;
/** How far in the past an end may lie. Such a credential never works; a client whose clock is slow may ask for it. */
const MAX_PAST_MS = 60_000;

const Name = z.string().refine(isCredentialName);
const Time = z.number();

/**
 * The limiter is asked first and a refused request counts too, so that trying costs as much as getting. Whether there
 * is room for another credential is seen last, when it is made (upstream looks at that before all else).
 */
export const generateCredentials = (parts: {
  readonly credentials: CredentialCommands;
  readonly admitCredential: (clientAddress: string | null) => Promise<boolean>;
  readonly now: () => number;
}): OpenMethod =>
  open(async ({ params, context, clientAddress }) => {
    if (!(await parts.admitCredential(clientAddress))) return fail('RATE_LIMIT_EXCEEDED');
    const name =
      params.name === undefined
        ? null
        : read(
            Name,
            params.name,
            'INVALID_PARAMS',
            'A name has 4 to 32 of a–z 0–9 . - and begins and ends with none of . -',
          );
    if (name instanceof Failure) return name;
    const now = parts.now();
    const expiresAt = read(Time.default(now + CREDENTIAL_LIFETIME_MS), params.expiresAt, 'INVALID_PARAMS', END);
    if (expiresAt instanceof Failure) return expiresAt;
    if (expiresAt < now - MAX_PAST_MS || expiresAt > now + MAX_LIFETIME_MS) return fail('INVALID_PARAMS', END);
    const outcome = await parts.credentials.issue(
      { name, expiresAt: Math.ceil(expiresAt), lifetime: 'sliding' },
      context,
    );
    return answered(outcome, (issued) => ({
      name: issued.name,
      secret: issued.secret,
      createdAt: issued.createdAt,
      expiresAt: issued.expiresAt,
    }));
  });

const END = 'expiresAt must be a time in epoch milliseconds, in the next ten years';
