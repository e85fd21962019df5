/** What a sweep removed, by what was swept. */
export type SweepCounts = {
  readonly sessions: number;
  readonly credentials: number;
  readonly nonces: number;
  readonly idempotencyRecords: number;
  readonly rateLimits: number;
  readonly tokens: number;
};

/** How often something happened within a minute, by its name. */
export type Counts = readonly { readonly name: string; readonly count: number }[];

/** What the server did, and what was done to it. Never sealed. Epoch milliseconds. */
export type OperationsEvent =
  | {
      readonly type: 'SweepCompleted';
      readonly data: {
        readonly sweepId: string;
        readonly startedAt: number;
        readonly finishedAt: number;
        readonly removed: SweepCounts;
      };
    }
  | {
      readonly type: 'ProcessStarted';
      readonly data: {
        /** `standalone`, or the role in the stack. */
        readonly role: string;
        readonly instance: string;
        readonly version: string;
        readonly startedAt: number;
      };
    }
  | {
      readonly type: 'CheckpointSigned';
      readonly data: {
        /** How many events the tree holds. */
        readonly size: number;
        /** The root of the tree, in hex. */
        readonly root: string;
        /** The position of the last event in the tree. */
        readonly position: number;
        /** The signed note (C2SP), which says the same to anyone. */
        readonly note: string;
        readonly signedAt: number;
      };
    }
  | {
      readonly type: 'MasterKeyRotated';
      readonly data: { readonly to: string; readonly rewrapped: number; readonly rotatedAt: number };
    }
  | {
      /** The end of the retention: everything that was sealed in this epoch is unreadable from now on. */
      readonly type: 'EpochKeyDestroyed';
      readonly data: {
        readonly epoch: string;
        readonly startsAt: number;
        readonly endsAt: number;
        readonly dataKeys: number;
        readonly destroyedAt: number;
      };
    }
  | {
      readonly type: 'ErasureCompleted';
      readonly data: {
        readonly erasureId: string;
        /** What was asked for: one of the two. */
        readonly sessionId: string | null;
        readonly identity: string | null;
        readonly sessions: number;
        readonly credentials: number;
        readonly dataKeys: number;
        readonly completedAt: number;
      };
    }
  | {
      /** One event for a minute, never one for a request: nobody can make the log grow by being refused. */
      readonly type: 'AuthenticationFailuresCounted';
      readonly data: { readonly minute: number; readonly counts: Counts };
    }
  | { readonly type: 'LimitTripsCounted'; readonly data: { readonly minute: number; readonly counts: Counts } }
  | {
      /**
       * Some of what was noticed around sessions will never be recorded. Told at once when it begins, and again at most
       * once a minute as long as it goes on: so `to` may be ahead of the time of the event.
       */
      readonly type: 'ObservationsDropped';
      readonly data: {
        /** What was noticed from then on may be missing. */
        readonly from: number;
        /** Until then it may go on being dropped without another event. */
        readonly to: number;
        /** Of how many sessions, since the event before. */
        readonly sessions: number;
      };
    }
  | {
      readonly type: 'AdminActed';
      readonly data: { readonly action: string; readonly target: string | null; readonly actedAt: number };
    }
  | {
      readonly type: 'ReadModelRebuilt';
      readonly data: {
        readonly rebuildId: string;
        readonly name: string;
        readonly events: number;
        readonly position: number;
        readonly startedAt: number;
        readonly finishedAt: number;
      };
    }
  | {
      readonly type: 'VerificationCompleted';
      readonly data: {
        readonly size: number;
        readonly position: number;
        readonly intact: boolean;
        /** The first position that differs; null when none does. */
        readonly firstDifference: number | null;
        readonly verifiedAt: number;
      };
    };
