import type { Audit } from '@signalbox/audit';
import type { CatchUpSource } from '@signalbox/event-sourcing';
import type { Contradiction } from '@signalbox/evidence';
import type { Timers } from '@signalbox/runtime';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';

/** How the log and what hangs on it is doing. Times are epoch milliseconds; `behind` counts positions. */
export type AuditHealth = {
  readonly head: number;
  /** The newest; null before the first. */
  readonly checkpoint: {
    readonly size: number;
    readonly position: number;
    readonly signedAt: number;
    readonly ageMs: number;
    readonly behind: number;
  } | null;
  /** What in the log contradicts what was signed: nothing is signed until that is accepted. */
  readonly contradiction: Pick<Contradiction, 'reason' | 'since'> | null;
  /** The last one that was recorded. */
  readonly verification: {
    readonly verifiedAt: number;
    readonly position: number;
    readonly size: number;
    readonly intact: boolean;
    readonly firstDifference: number | null;
  } | null;
  readonly keys: Readonly<Record<string, unknown>>;
  readonly readModels: readonly { readonly name: string; readonly position: number; readonly behind: number }[];
};

export type RebuildProgress = {
  readonly rebuildId: string;
  readonly name: string;
  readonly state: 'waiting' | 'running' | 'done' | 'failed';
  readonly events: number;
  readonly position: number;
  readonly head: number;
};

/** Builds read models anew beside the live ones, and switches when they have caught up. */
export interface Rebuilds {
  /** The names of what can be built anew. */
  readonly names: readonly string[];
  /** Answers with its id at once; who asks while one is under way is given that one's. */
  begin(name: string): Promise<string>;
  find(name: string, rebuildId: string): Promise<RebuildProgress | undefined>;
}

export type AuditDeps = {
  readonly audit: Audit;
  readonly log: Pick<CatchUpSource, 'subscribeAll'>;
  /** The deployment whose log it is, as CloudEvents name it. */
  readonly source: string;
  readonly health: () => Promise<AuditHealth>;
  /** Told each time that somebody was shown payloads, and how many: reads are counted, not recorded. */
  readonly onShown: (payloads: number) => void;
  readonly timers: Pick<Timers, 'after'>;
  /** Epoch milliseconds. */
  readonly now: () => number;
  /** The longest that `Prefer: wait` may ask for. */
  readonly maxWaitMs: number;
  /** How long any request may take, beyond a wait that it asked for. */
  readonly requestMs: number;
};

export type AuditRoute = FastifyPluginAsyncZod<AuditDeps>;

/** What every route of an auditor has. */
export const forAuditors = { access: 'audit', rate: 'operations' } as const;
