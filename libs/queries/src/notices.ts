import type { FeedItem, Note, Observations, SessionRow } from '@signalbox/read-models';

type Refused = Omit<Extract<Note, { readonly kind: 'refused' }>, 'kind' | 'at'>;

/** What the edges tell of the requests that they serve. Each costs a look-up in a map; none waits or throws. */
export interface Notices {
  /** These offers are being shown to somebody who looked for offers. */
  discovered(offers: readonly { readonly sessionId: string }[]): void;
  /** These items of its feed are being handed to `reader`. */
  delivered(reader: string, items: readonly Pick<FeedItem, 'sessionId' | 'delivered'>[]): void;
  /** The session is being shown to `reader`, with its answer where there is one. */
  read(reader: string, session: SessionRow): void;
  refused(refusal: Refused): void;
  /** `reason` is one of a closed list. */
  unauthenticated(reason: string): void;
  limited(policy: string): void;
}

export const createNotices = (options: {
  readonly observations: Pick<Observations, 'note'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
}): Notices => {
  const { observations, now } = options;
  return {
    discovered: (offers) => {
      const at = now();
      for (const { sessionId } of offers) observations.note({ kind: 'discovered', sessionId, at });
    },
    delivered: (reader, items) => {
      const at = now();
      for (const { sessionId, delivered } of items) {
        const given = givenBy(delivered);
        if (given) observations.note({ kind: 'delivered', sessionId, to: reader, ...given, at });
      }
    },
    read: (reader, { sessionId, publisher, answer }) => {
      if (reader !== publisher || answer === null) return;
      observations.note({
        ...{ kind: 'delivered', sessionId, to: reader, role: 'offerer', what: 'answer', upTo: 1, at: now() },
      });
    },
    refused: (refusal) => observations.note({ kind: 'refused', ...refusal, at: now() }),
    unauthenticated: (reason) => observations.note({ kind: 'unauthenticated', reason, at: now() }),
    limited: (policy) => observations.note({ kind: 'limited', policy, at: now() }),
  };
};

/** What an item gives to whom; null where the item does not tell which of the two its reader is. */
const givenBy = (delivered: FeedItem['delivered']) => {
  switch (delivered.type) {
    case 'answered':
      return { role: 'offerer', what: 'answer', upTo: 1 } as const;
    case 'candidates': {
      const { role, candidates, firstIndex } = delivered;
      const reader = role === 'offerer' ? 'answerer' : 'offerer';
      return { role: reader, what: 'candidates', upTo: firstIndex + candidates.length } as const;
    }
    case 'withdrawn':
      return { role: 'answerer', what: 'end', upTo: 1 } as const;
    case 'expired':
      return delivered.was === 'open' ? ({ role: 'offerer', what: 'end', upTo: 1 } as const) : null;
  }
};
