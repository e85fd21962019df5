import type { AuthOutcome, Caller, Scope, SignedRequest } from '@signalbox/identity';
import {
  type Chance,
  type Clock,
  createLogger,
  loadConfig,
  type Metrics,
  noMetrics,
  type Timers,
} from '@signalbox/runtime';
import {
  createHttpApp,
  type HttpOptions,
  type IdempotencyStore,
  type RateLimiter,
  type SessionProblem,
  type StoredAnswer,
} from '../src/index.ts';

/** Settings as the environment would give them. */
export const configOf = (env: Readonly<Record<string, string>> = {}): HttpOptions['config'] => {
  const loaded = loadConfig(env, () => '');
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  return loaded.ok;
};

/** A clock that stands still until it is moved, and timers that go off by it. */
export const fakeTime = (start = 1_700_000_000_000) => {
  let now = start;
  const waiting = new Set<{ readonly at: number; readonly work: () => void }>();
  const clock: Clock = { now: () => now, monotonic: () => now - start };
  const timers: Timers = {
    after: (ms, work) => {
      const entry = { at: now + ms, work };
      waiting.add(entry);
      return () => waiting.delete(entry);
    },
  };
  const advance = (ms: number) => {
    now += ms;
    for (const entry of [...waiting].filter(({ at }) => at <= now)) {
      waiting.delete(entry);
      entry.work();
    }
  };
  return { clock, timers, advance, waiting };
};

/** Counts instead of drawing. */
export const countingChance = (): Chance => {
  let count = 0;
  const next = () => ++count;
  const uuid = () => `00000000-0000-4000-8000-${String(next()).padStart(12, '0')}`;
  return {
    bytes: (length) => new Uint8Array(length).fill(next() % 255),
    fraction: () => 0.5,
    uuid,
    orderedUuid: uuid,
  };
};

/** A double: a map, with the rules of the port. */
export const memoryIdempotency = (): IdempotencyStore & { readonly records: Map<string, unknown> } => {
  type Stored = { fingerprint: string; commandId: string; answer: StoredAnswer | null; expiresAt: number };
  const records = new Map<string, Stored>();
  const running = new Set<string>();
  const id = (scope: string, key: string) => `${scope} ${key}`;
  return {
    records,
    claim: async (scope, key, fingerprint, { now, expiresAt, newCommandId }) => {
      const name = id(scope, key);
      const kept = records.get(name);
      const found =
        kept && kept.expiresAt > now ? kept : { fingerprint, commandId: newCommandId(), answer: null, expiresAt };
      if (found.fingerprint !== fingerprint) return { kind: 'different' };
      if (found.answer) return { kind: 'answered', answer: found.answer };
      if (running.has(name)) return { kind: 'in_flight' };
      running.add(name);
      records.set(name, found);
      return { kind: 'new', commandId: found.commandId };
    },
    complete: async (scope, key, fingerprint, answer, expiresAt) => {
      running.delete(id(scope, key));
      records.set(id(scope, key), { fingerprint, commandId: '', answer, expiresAt });
    },
    abandon: async (scope, key) => {
      running.delete(id(scope, key));
    },
    sweep: async () => 0,
  };
};

/** A double: counts for ever, never refills. */
export const countingLimiter = (): RateLimiter & { readonly used: Map<string, number> } => {
  const used = new Map<string, number>();
  return {
    used,
    take: (policy, key, cost) => {
      const id = `${policy.name} ${key}`;
      const before = used.get(id) ?? 0;
      const allowed = before + cost <= policy.limit;
      if (allowed) used.set(id, before + cost);
      const remaining = policy.limit - (used.get(id) ?? 0);
      return { allowed, remaining, resetMs: 30_000, retryAfterMs: allowed ? 0 : 1_500 };
    },
    sweep: async () => 0,
  };
};

export const callerOf = (identity: string, scopes: readonly Scope[] = ['client']): Caller => ({
  identity,
  scopes: new Set(scopes),
  authorisation: {
    scheme: 'token',
    key: identity,
    algorithm: null,
    nonce: null,
    timestamp: null,
    signature: null,
    signedTextHash: null,
  },
});

/** A double: believes `Authorization: Bearer <identity>[:scope]`, and refuses `Bearer bad`. */
export const believing = async ({ headers }: SignedRequest): Promise<AuthOutcome> => {
  const { authorization } = headers as { readonly authorization?: string };
  if (authorization === undefined) return { kind: 'anonymous' };
  const [identity = '', scope = 'client'] = authorization.slice('Bearer '.length).split(':');
  if (identity === 'bad') {
    return { kind: 'refused', reason: 'bad_token', detail: 'This is no token.', retryAfterMs: null };
  }
  return { kind: 'caller', caller: callerOf(identity, [scope as Scope]) };
};

/** Collects what is written. */
export const linesOf = () => {
  const lines: Record<string, unknown>[] = [];
  return { lines, destination: { write: (line: string) => void lines.push(JSON.parse(line)) } };
};

/** A double: remembers what was recorded. */
export const rememberedMetrics = (): { readonly metrics: Metrics; readonly recorded: unknown[][] } => {
  const recorded: unknown[][] = [];
  const metrics = Object.fromEntries(
    Object.keys(noMetrics).map((name) => [name, (...args: unknown[]) => void recorded.push([name, ...args])]),
  ) as unknown as Metrics;
  return { metrics, recorded };
};

export type Setting = {
  readonly env?: Readonly<Record<string, string>>;
  readonly options?: Partial<HttpOptions>;
};

/** An application on doubles, with all that a test may want to look at. */
export const anApp = async ({ env = {}, options = {} }: Setting = {}) => {
  const time = fakeTime();
  const { lines, destination } = linesOf();
  const { metrics, recorded } = rememberedMetrics();
  const problems: SessionProblem[] = [];
  const rateLimiter = countingLimiter();
  const idempotency = memoryIdempotency();
  const app = await createHttpApp({
    config: configOf(env),
    tls: null,
    title: 'Signalbox',
    description: 'For tests.',
    onSessionProblem: (problem) => void problems.push(problem),
    sections: [],
    version: '1.2.3',
    instance: 'test-1',
    authenticate: believing,
    rateLimiter,
    idempotency,
    checks: [],
    load: { overloaded: () => false },
    telemetry: { metrics, tracing: null, renderMetrics: async () => '# metrics\n' },
    logger: createLogger({ level: 'debug', instance: 'test-1', pretty: false, destination }),
    clock: time.clock,
    timers: time.timers,
    chance: countingChance(),
    checkResponses: true,
    ...options,
  });
  return { app, time, lines, recorded, problems, rateLimiter, idempotency };
};
