import type { Redis } from './connection.ts';
import { ViewsUnavailable } from './unavailable.ts';

/**
 * Resolves when `isReached` says so, when another generation becomes the live one, or when `signal` aborts. It is asked
 * once messages are heard, so that nothing is missed between, and again each time Redis is back. Messages tell how far
 * the feed has come, and in which numbering; only instances with someone waiting for that feed hear them.
 */
export const waitForFeed = async (options: {
  readonly redis: Redis;
  readonly recipient: string;
  readonly isReached: () => Promise<boolean>;
  readonly isBeyond: (numbering: string, sequence: number) => boolean;
  readonly signal: AbortSignal;
}): Promise<void> => {
  const { redis, recipient, isReached, isBeyond, signal } = options;
  if (signal.aborted) return;
  const { promise: over, resolve, reject } = Promise.withResolvers<void>();
  const end = () => resolve();

  const look = () => {
    isReached().then(
      (reached) => {
        if (reached) end();
      },
      // Away, or being rebuilt: what brings the feeds back leads to another look, or ends the wait.
      (error) => {
        if (!(error instanceof ViewsUnavailable)) reject(error);
      },
    );
  };
  const grows = (message: string) => {
    const [numbering = '', sequence] = message.split(' ');
    if (isBeyond(numbering, Number(sequence))) end();
  };

  signal.addEventListener('abort', end, { once: true });
  const stopHearing = redis.onConnected(look);
  const feed = redis.subscribe(`${redis.namespace}:feed:${recipient}`, { onMessage: grows, onResumed: look });
  const generation = redis.subscribe(`${redis.namespace}:generation`, { onMessage: end, onResumed: () => {} });
  try {
    Promise.all([feed.ready, generation.ready]).then(look, reject);
    await over;
  } finally {
    signal.removeEventListener('abort', end);
    stopHearing();
    feed.stop();
    generation.stop();
  }
};
