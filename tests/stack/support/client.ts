import { systemClock } from '@signalbox/runtime';
import type { Answer, Problem } from '../../support/client.ts';
import { away, unlessAway } from '../../support/feed-readers.ts';
import { interval } from '../../support/real-time.ts';

/** What clients have met while something was wrong. */
export type Notes = {
  acknowledged: number;
  /** Attempts that had to be made again, by what was said instead of yes. */
  readonly retried: Map<string, number>;
};

export const newNotes = (): Notes => ({ acknowledged: 0, retried: new Map() });

export const note = (notes: Notes, what: string) => notes.retried.set(what, (notes.retried.get(what) ?? 0) + 1);

/** How long a client goes on asking. Whatever takes longer does not come back by itself. */
export const PATIENCE_MS = 120_000;

/** Who signs is asked to sign again where the server may have lost what it knew of earlier requests. */
const SIGNED_AGAIN_AT_MOST = 5;

const MS_PER_S = 1_000;

/** What an answer other than yes means; null when the client has made a mistake, or the server. */
export const reasonToWait = ({ status, body, headers, text }: Answer): string | null => {
  const code = (body as Partial<Problem> | undefined)?.code ?? '';
  if (status === 503 && headers['retry-after'] === undefined) throw new Error(`503 without Retry-After: ${text}`);
  if (status === 502 || status === 503) return `${status} ${code}`.trim();
  return status === 409 && code === 'IDEMPOTENCY_KEY_IN_FLIGHT' ? `409 ${code}` : null;
};

const retryAfterMs = ({ headers }: Answer) => Number(headers['retry-after'] ?? 1) * MS_PER_S;

/**
 * Does what the documentation asks of a client: sends the command with its key again, after as long as it is told to
 * wait, until it is acknowledged. Throws when it is refused, or never answered.
 */
export const untilAcknowledged = async <T>(
  what: string,
  notes: Notes,
  send: () => Promise<Answer<T>>,
): Promise<Answer<T>> => {
  const giveUpAt = systemClock.monotonic() + PATIENCE_MS;
  let signedAgain = 0;
  for (;;) {
    const answer = await unlessAway(send);
    if (answer !== away && answer.status < 300) {
      notes.acknowledged++;
      return answer;
    }
    let reason: string | null = 'no answer';
    if (answer !== away) {
      reason = reasonToWait(answer);
      if (answer.status === 401 && signedAgain++ < SIGNED_AGAIN_AT_MOST) reason = '401';
    }
    const said = answer === away ? 'nothing' : `${answer.status} ${answer.text}`;
    if (reason === null) throw new Error(`${what} was answered with ${said}`);
    if (systemClock.monotonic() > giveUpAt) throw new Error(`${what} was never acknowledged; at last: ${said}`);
    note(notes, reason);
    await interval(answer === away ? 50 : retryAfterMs(answer));
  }
};
