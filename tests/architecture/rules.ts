import type { Ban } from './source.ts';

/** The tables that `tests/architecture.test.ts` holds the code to. A change here is a decision: see docs/adr. */

/** `types`: by `import type` only, so that nothing of it is loaded. */
type Arrow = 'values' | 'types';

/** Which of our packages the production code of each may import. What is not here may not be. */
export const arrows: Readonly<Record<string, Readonly<Record<string, Arrow>>>> = {
  // The core: pure, and knowing nothing of what is around it.
  'event-sourcing': {},
  contracts: {},
  domain: { 'event-sourcing': 'values' },
  'read-models': { 'event-sourcing': 'values', domain: 'types' },
  'event-schemas': { 'event-sourcing': 'values', domain: 'types' },
  // Use cases: commands never see a read model, queries never the log or the domain.
  commands: { 'event-sourcing': 'values', domain: 'values' },
  queries: { 'read-models': 'types' },
  verdict: { domain: 'types' },
  // What was: folded from the log, never from a read model that is live.
  audit: {
    'event-sourcing': 'values',
    'event-schemas': 'values',
    domain: 'values',
    memory: 'values',
    'read-models': 'values',
    verdict: 'types',
  },
  // Parts that stand alone.
  identity: {},
  vault: { 'event-sourcing': 'values' },
  evidence: { 'event-sourcing': 'types' },
  runtime: {},
  // How the parts of a process are put together, over ports.
  assembly: Object.fromEntries(
    [
      ...['commands', 'domain', 'event-schemas', 'event-sourcing', 'http', 'identity', 'queries', 'read-models'],
      ...['contracts', 'evidence', 'rondevu', 'runtime', 'vault'],
    ].map((name) => [name, 'values']),
  ),
  // Edges.
  http: { contracts: 'values', identity: 'values', runtime: 'values' },
  rondevu: { commands: 'values', contracts: 'values', identity: 'values', queries: 'values' },
  // Adapters import ports, never the domain; ports are types, and loading their packages would load vendors.
  'log-sqlite': {
    'event-sourcing': 'values',
    commands: 'types',
    evidence: 'types',
    http: 'types',
    identity: 'types',
    'read-models': 'types',
    vault: 'values',
  },
  'log-eventstoredb': { 'event-sourcing': 'values' },
  'bus-kafka': { 'event-sourcing': 'values', contracts: 'values' },
  'views-redis': {
    'event-sourcing': 'values',
    commands: 'types',
    evidence: 'types',
    vault: 'types',
    http: 'types',
    identity: 'types',
    'read-models': 'types',
  },
  memory: {
    'event-sourcing': 'values',
    commands: 'types',
    http: 'types',
    identity: 'types',
    'read-models': 'types',
  },
  // How a process of the distributed stack connects to its servers: the one place that knows all three adapters.
  stack: Object.fromEntries(
    ['assembly', 'bus-kafka', 'event-sourcing', 'log-eventstoredb', 'memory', 'runtime', 'vault', 'views-redis'].map(
      (name) => [name, 'values'],
    ),
  ),
  // For tests only.
  testing: { 'event-sourcing': 'types', domain: 'types', runtime: 'types' },
  conformance: {
    'event-sourcing': 'values',
    commands: 'types',
    domain: 'values',
    http: 'types',
    identity: 'types',
    'read-models': 'values',
    testing: 'values',
    evidence: 'values',
    vault: 'types',
  },
  // Services import libs. Only the standalone server, which is all of them in one process, and the gateway, which answers
  // for the whole of the API (ADR-0010), import other services.
  command: {
    assembly: 'values',
    commands: 'values',
    contracts: 'values',
    domain: 'types',
    http: 'values',
    identity: 'types',
    runtime: 'values',
    stack: 'values',
  },
  query: {
    assembly: 'values',
    contracts: 'values',
    http: 'values',
    identity: 'types',
    queries: 'values',
    'read-models': 'types',
    runtime: 'values',
    stack: 'values',
  },
  gateway: Object.fromEntries(
    [
      ...['command', 'query', 'assembly', 'commands', 'contracts', 'http', 'identity', 'queries', 'rondevu'],
      ...[
        'read-models',
        'runtime',
        'stack',
        'audit',
        'event-schemas',
        'event-sourcing',
        'evidence',
        'vault',
        'verdict',
      ],
    ].map((name) => [name, 'values']),
  ),
  projector: {
    assembly: 'values',
    domain: 'types',
    'event-schemas': 'values',
    'event-sourcing': 'values',
    http: 'types',
    'read-models': 'values',
    runtime: 'values',
    stack: 'values',
  },
  scheduler: {
    assembly: 'values',
    commands: 'values',
    domain: 'types',
    'event-sourcing': 'values',
    http: 'types',
    'read-models': 'types',
    runtime: 'values',
    stack: 'values',
  },
  relay: { assembly: 'values', 'event-sourcing': 'values', http: 'types', runtime: 'values', stack: 'values' },
  cli: Object.fromEntries(
    [
      ...['audit', 'contracts', 'event-sourcing', 'evidence', 'log-eventstoredb', 'log-sqlite', 'runtime', 'stack'],
      ...['vault', 'views-redis'],
    ].map((name) => [name, 'values']),
  ),
  standalone: Object.fromEntries(
    [
      ...['assembly', 'command', 'query', 'gateway', 'projector', 'scheduler'],
      ...['commands', 'queries', 'contracts', 'domain', 'event-schemas', 'event-sourcing', 'http', 'identity'],
      ...['log-sqlite', 'memory', 'read-models', 'rondevu', 'runtime', 'vault', 'audit', 'evidence'],
    ].map((name) => [name, 'values']),
  ),
};

/** Libraries that are loaded by tests alone. Their whole code counts as test code. */
export const forTestsOnly: readonly string[] = ['testing', 'conformance'];

/** Files that import nothing but each other: what queries answer with hangs on nobody. */
export const alone: readonly string[] = ['libs/read-models/src/rows.ts', 'libs/read-models/src/ports.ts'];

/** Packages that do not even import modules of Node. */
export const pure: readonly string[] = [
  'contracts',
  'domain',
  'event-schemas',
  'event-sourcing',
  'queries',
  'read-models',
  'verdict',
];

/**
 * Every package and every telling module of Node that production code may import, and who may: exactly one package of
 * ours, so that a vendor can be replaced in one place.
 */
export const vendors: Readonly<Record<string, string>> = {
  'node:sqlite': 'log-sqlite',
  'node:worker_threads': 'log-sqlite',
  'node:async_hooks': 'runtime',
  jose: 'identity',
  'structured-headers': 'identity',
  flatqueue: 'memory',
  preact: 'gateway',
  '@eventstore/db-client': 'log-eventstoredb',
  kafkajs: 'bus-kafka',
  ioredis: 'views-redis',
  pino: 'runtime',
  'pino-pretty': 'runtime',
  'close-with-grace': 'runtime',
  '@opentelemetry/exporter-prometheus': 'runtime',
  '@opentelemetry/exporter-trace-otlp-proto': 'runtime',
  '@opentelemetry/resources': 'runtime',
  '@opentelemetry/sdk-node': 'runtime',
  '@opentelemetry/sdk-trace': 'runtime',
  '@fastify/swagger': 'http',
  '@fastify/swagger-ui': 'http',
  'openapi-types': 'http',
};

/** Not behind an adapter, because they are the manner in which our code is written or carry no state and no I/O. */
export const everywhere: Readonly<Record<string, string>> = {
  zod: 'the shapes at every edge (V1)',
  fastify: 'the type of a route plugin; the factory is in http alone',
  'fastify-type-provider-zod': 'the type of a route plugin',
  semver: 'a calculation on version numbers',
  'lru-cache': 'a bounded map',
  '@opentelemetry/api': 'the API that is made to be called from anywhere; it does nothing until runtime sets it up',
};

/** Declared, and rightly so, although no line imports it. */
export const neededUnimported: Readonly<Record<string, string>> = {
  'http → openapi-types': 'a peer of fastify-type-provider-zod, whose types name it',
};

/** Called as a global, not as a method of something (a socket's `setTimeout` is the socket's). */
const global = (name: string) => new RegExp(String.raw`(?:(?<![.\w$])|\bglobalThis\.)${name}\b`, 'g');

const timers: Ban = { what: global('set(?:Timeout|Interval|Immediate)'), instead: 'take `Timers`' };

/** Time, timers and chance are handed in, so that a whole server runs in a test on a clock and a seed of the test's own. */
export const handedIn: readonly Ban[] = [
  timers,
  {
    what: /\bDate\.now\b|\bnew Date\(\s*\)|(?<!new )(?<![.\w$])Date\(/g,
    instead: 'take `Clock` or a `now: () => number`',
  },
  {
    what: /\bperformance\.(?:now|timeOrigin)\b|\bhrtime\b|\bprocess\.uptime\b/g,
    instead: 'take `Clock` and its `monotonic`',
  },
  { what: /\bAbortSignal\.timeout\b/g, instead: 'take `Timers` and abort a controller' },
  { what: /\bMath\.random\b/g, instead: 'take `Chance` and its `fraction`' },
  { what: /\brandom(?:UUID(?:v7)?|Bytes|Int|Fill(?:Sync)?)\b|\bgetRandomValues\b/g, instead: 'take `Chance`' },
  { what: /\bgenerateKey(?:Pair)?(?:Sync)?\b/g, instead: 'take the key, or derive it from the bytes of `Chance`' },
];

/** Where the real ones are met. */
export const meetsTheReal = (path: string): boolean =>
  path.startsWith('libs/runtime/src/') ||
  /^services\/[^/]+\/src\/main\.ts$/.test(path) ||
  path === 'libs/testing/src/real-time.ts'; // waits for real processes in tests

/** Where tests start real servers: programs of others, found by what the environment says. */
export const startsServers = (path: string): boolean => path.startsWith('libs/testing/src/engines/');

/** In tests: no sleeping. */
export const sleeps: readonly Ban[] = [
  { ...timers, instead: 'drive `fakeClock`, or wait for a condition with `until` (both in @signalbox/testing)' },
];

export const onlyInMain: readonly Ban[] = [
  { what: /\bprocess\s*\.\s*(?:env|argv)\b/g, instead: 'take the setting; main.ts reads the environment' },
  {
    what: /\bprocess\s*\.\s*(?:exit|exitCode|abort|kill)\b/g,
    instead: 'throw or return; main.ts decides when to exit',
  },
];

/** Modules through which the bans above would be got round. */
export const bannedModules: Readonly<Record<string, string>> = {
  'node:timers': 'take `Timers`',
  'node:timers/promises': 'take `Timers`',
  'node:process': 'use the global `process`, and only in main.ts',
  'node:child_process': 'a server starts no programs',
};

export const unfinishedTests: readonly Ban[] = [
  {
    what: /\b(?:describe|it|test|suite|bench)\s*(?:\.\s*\w+\s*)*\.\s*(?:only|skip|todo)\b/g,
    instead: 'write the test, or remove it; what a machine or an adapter cannot do is left out by `skipIf` and `runIf`',
  },
];

/** Where people's and build machines' files are. The images of Node have `/home/node`. */
export const machinePath = /(?<![\w.\-/])\/(?:work|root|Users|home(?!\/node\b))\/[\w.-]+|\b[A-Z]:\\+Users\b/g;
