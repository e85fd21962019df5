import type { Redis } from './connection.ts';

/** How far a rebuild has come, for whoever asked for it. */
export type RebuildReport = {
  readonly state: 'waiting' | 'running' | 'done' | 'failed';
  /** Events shown, and positions of the log. */
  readonly events: number;
  readonly position: number;
  readonly head: number;
};

/** Asks the projectors to fill the read models anew beside the live ones, and tells how far they are. */
export type RebuildRequests = {
  /** `rebuildId` names the request, for whoever asks after it. */
  ask(rebuildId?: string): Promise<void>;
  /** True for one projector, once for each time that somebody has asked. */
  take(): Promise<boolean>;
  /** One that is `running` has to be told of again within a minute, or counts as over: its process may be gone. */
  report(report: RebuildReport): Promise<void>;
  /** Null when nobody has asked lately, or a rebuild was begun and its process is silent. */
  latest(): Promise<RebuildReport | null>;
  /** The name of the latest request; null when it has none, or nobody has asked lately. */
  latestId(): Promise<string | null>;
};

const KEPT_MS = 24 * 3_600_000;
const RUNNING_MS = 60_000;

const waiting: RebuildReport = { state: 'waiting', events: 0, position: 0, head: 0 };

export const redisRebuildRequests = (redis: Redis): RebuildRequests => {
  const wanted = `${redis.namespace}:rebuild-wanted`;
  const latest = `${redis.namespace}:rebuild-report`;
  const name = `${redis.namespace}:rebuild-id`;
  const report = async (one: RebuildReport) => {
    await redis.send('SET', latest, JSON.stringify(one), 'PX', one.state === 'running' ? RUNNING_MS : KEPT_MS);
  };
  return {
    ask: async (rebuildId) => {
      await report(waiting);
      if (rebuildId === undefined) await redis.send('DEL', name);
      else await redis.send('SET', name, rebuildId, 'PX', KEPT_MS);
      await redis.send('SET', wanted, '1');
    },
    take: async () => (await redis.send('GETDEL', wanted)) !== null,
    report,
    latestId: async () => {
      const kept = await redis.send('GET', name);
      return kept === null ? null : String(kept);
    },
    latest: async () => {
      const kept = await redis.send('GET', latest);
      return kept === null ? null : (JSON.parse(String(kept)) as RebuildReport);
    },
  };
};
