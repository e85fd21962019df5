import { sequentialByKey } from '@signalbox/event-sourcing';
import type { ClaimOptions, IdempotencyClaim, IdempotencyStore, StoredAnswer } from '@signalbox/http';
import type { SideRow, SideTables } from './side-tables.ts';

/** How many records one statement of a sweep removes. */
const SWEPT_TOGETHER = 500;

/**
 * Claims and answers on disk, what is under way in memory. Nothing else stays in memory, so memory follows the requests
 * under way and not the history; and after a crash nothing is under way. Records share the commits of the log.
 */
export const sqliteIdempotencyStore = ({ sides }: { readonly sides: SideTables }): IdempotencyStore => {
  /** Fingerprints by name. */
  const underWay = new Map<string, string>();
  const inTurn = sequentialByKey<string>();

  const claim = async (
    scope: string,
    key: string,
    fingerprint: string,
    { now, expiresAt, newCommandId }: ClaimOptions,
  ): Promise<IdempotencyClaim> => {
    const name = nameOf(scope, key);
    const running = underWay.get(name);
    if (running !== undefined) return { kind: running === fingerprint ? 'in_flight' : 'different' };
    const [row] = await sides.read('answer', [scope, key, now]);
    const record = row && recordOf(row);
    if (record && record.fingerprint !== fingerprint) return { kind: 'different' };
    if (record?.answer) return { kind: 'answered', answer: record.answer };
    const commandId = record?.commandId ?? newCommandId();
    if (!record) await sides.write('storeClaim', [scope, key, fingerprint, commandId, expiresAt]);
    underWay.set(name, fingerprint);
    return { kind: 'new', commandId };
  };

  return {
    claim: (scope, key, fingerprint, options) =>
      inTurn(nameOf(scope, key), () => claim(scope, key, fingerprint, options)),
    complete: async (scope, key, fingerprint, { status, headers, body }, expiresAt) => {
      // A copy, because a slice would take all of its buffer along to the writer's thread.
      const bytes = new Uint8Array(body);
      try {
        await sides.write('storeAnswer', [scope, key, fingerprint, status, JSON.stringify(headers), expiresAt, bytes]);
      } finally {
        underWay.delete(nameOf(scope, key));
      }
    },
    abandon: async (scope, key) => {
      underWay.delete(nameOf(scope, key));
    },
    sweep: async (now) => {
      let count = 0;
      for (;;) {
        const removed = await sides.write('sweepSomeAnswers', [now, SWEPT_TOGETHER]);
        count += removed;
        if (removed < SWEPT_TOGETHER) return count;
      }
    },
  };
};

/** One string for both, which no other pair has. */
const nameOf = (scope: string, key: string): string => `${scope.length}:${scope}${key}`;

type KeyRecord = {
  readonly fingerprint: string;
  /** Null once there is an answer. */
  readonly commandId: string | null;
  readonly answer: StoredAnswer | null;
};

/** The columns have these types: the table is strict, and what is in it was written above. */
const recordOf = ([fingerprint, commandId, status, headers, body]: SideRow): KeyRecord => ({
  fingerprint: fingerprint as string,
  commandId: commandId as string | null,
  answer:
    status === null
      ? null
      : { status: status as number, headers: JSON.parse(headers as string), body: body as Uint8Array },
});
