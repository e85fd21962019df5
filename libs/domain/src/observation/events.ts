import type { Role } from '../session/events.ts';

/** What was handed to a party. `upTo`: how many of the other party's candidates in all; 1 for an answer or an end. */
export type Delivery = {
  readonly to: string;
  readonly role: Role;
  readonly what: 'answer' | 'candidates' | 'end';
  readonly upTo: number;
  readonly firstAt: number;
  readonly lastAt: number;
};

/** Requests about a session that were refused in the same way. */
export type Refusal = {
  /** The code of the problem. */
  readonly code: string;
  readonly operation: 'answer' | 'candidates' | 'read' | 'retag' | 'withdraw' | 'report';
  /** Who was refused; null when that is not proven. */
  readonly identity: string | null;
  readonly count: number;
  readonly firstAt: number;
  readonly lastAt: number;
  readonly detail: string | null;
};

export type CandidateType = 'host' | 'srflx' | 'prflx' | 'relay';

/** How a call ended, as one of its parties saw it. */
export type ConnectionReport = {
  readonly outcome: 'connected' | 'failed';
  /** Of the selected pair; null when there was none, or the browser did not tell. */
  readonly localCandidateType: CandidateType | null;
  readonly remoteCandidateType: CandidateType | null;
  readonly roundTripTimeMs: number | null;
  readonly iceConnectionState: string | null;
  readonly iceGatheringState: string | null;
  readonly connectionState: string | null;
};

/**
 * What was seen around a session beside what changed it: what was shown and handed out, what was refused, and what its
 * parties report. Kept in a stream of its own, so that it never competes with the signaling. Epoch milliseconds.
 */
export type ObservationEvent =
  | {
      /** The offer was shown to somebody who looked for offers. */
      readonly type: 'OfferDiscovered';
      readonly data: { readonly firstShownAt: number; readonly times: number };
    }
  | {
      readonly type: 'DeliveriesRecorded';
      readonly data: { readonly deliveries: readonly Delivery[]; readonly recordedAt: number };
    }
  | {
      readonly type: 'RefusalsCounted';
      readonly data: { readonly refusals: readonly Refusal[]; readonly recordedAt: number };
    }
  | {
      readonly type: 'ConnectionReported';
      readonly data: ConnectionReport & { readonly by: string; readonly role: Role; readonly reportedAt: number };
    };
