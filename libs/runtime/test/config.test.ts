import { describe, expect, it } from 'vitest';
import { EXAMPLE_KEY } from '../src/config/rules.ts';
import { type Env, loadConfig } from '../src/index.ts';

const noFiles = (path: string): string => {
  throw Object.assign(new Error(path), { code: 'ENOENT' });
};

const problemsOf = (env: Env, readFile = noFiles): readonly string[] => {
  const loaded = loadConfig(env, readFile);
  return 'problems' in loaded ? loaded.problems : [];
};

const configOf = (env: Env, readFile = noFiles) => {
  const loaded = loadConfig(env, readFile);
  if ('problems' in loaded) throw new Error(loaded.problems.join('\n'));
  return loaded.ok;
};

const key = (seed: string) => seed.repeat(64).slice(0, 64);
const safe: Env = {
  SIGNALBOX_MODE: 'production',
  SIGNALBOX_MASTER_KEYS: key('a1'),
  SIGNALBOX_TOKEN_KEYS: key('b27'),
  SIGNALBOX_ADMIN_KEYS: key('c39'),
  SIGNALBOX_CHECKPOINT_KEYS: key('e51'),
  SIGNALBOX_CORS_ORIGINS: 'https://app.example.com',
  SIGNALBOX_TRUSTED_PROXIES: '10.0.0.0/8',
};
/** `a1` repeated is two different digits, but one and the same byte. */
const production: Env = { ...safe, SIGNALBOX_MASTER_KEYS: key('a15') };

describe('loading the configuration', () => {
  it('needs nothing in development, and listens on this machine only', () => {
    const config = configOf({});
    expect(config).toMatchObject({
      mode: 'development',
      host: '127.0.0.1',
      port: 3000,
      publicUrl: null,
      dataDir: './data',
      instance: null,
      secrets: { masterKeys: [], tokenKeys: [], adminKeys: [] },
      corsOrigins: '*',
      trustedProxies: [],
      tls: null,
      logLevel: 'info',
      otlpUrl: null,
    });
  });

  it('has the documented defaults', () => {
    const { lifetimes, limits, timeouts, rateLimits } = configOf({});
    expect(lifetimes).toEqual({
      offerDefaultTtlMs: 60_000,
      offerMinTtlMs: 60_000,
      offerMaxTtlMs: 86_400_000,
      answeredTtlMs: 30_000,
      endedRetentionMs: 300_000,
      retentionMs: 7 * 86_400_000,
      keyEpochMs: 3_600_000,
      credentialTtlMs: 365 * 86_400_000,
      rotationGraceMs: 3_600_000,
      timestampWindowMs: 60_000,
      idempotencyTtlMs: 86_400_000,
      sweepIntervalMs: 60_000,
    });
    expect(limits).toEqual({
      maxBodyBytes: 8_388_608,
      maxSdpLength: 65_536,
      maxCandidateBytes: 4_096,
      maxCandidateDepth: 10,
      maxCandidatesPerRequest: 100,
      maxCandidatesPerRole: 50,
      maxOffersPerRequest: 100,
      maxBatch: 100,
      maxOperations: 1_000,
      maxTags: 20,
      maxTagLength: 64,
      maxSessionsPerIdentity: 1_000,
      maxSessions: 1_000_000,
      maxCredentials: 50_000,
    });
    expect(timeouts).toEqual({ requestMs: 10_000, longPollMaxMs: 25_000, shutdownMs: 10_000 });
    expect(rateLimits).toEqual({
      read: 1_200,
      write: 1_200,
      poll: 2_400,
      rpc: 3_000,
      credentials: 300,
      operations: 1_200,
      addressFactor: 5,
    });
  });

  it('refuses a retention that would end the keys of what is in use', () => {
    const env = {
      SIGNALBOX_OFFER_MAX_TTL_MS: '60000',
      SIGNALBOX_ANSWERED_TTL_MS: '1',
      SIGNALBOX_ENDED_RETENTION_MS: '9',
    };
    expect(configOf({ ...env, SIGNALBOX_RETENTION_MS: '60010' }).lifetimes.retentionMs).toBe(60_010);
    expect(problemsOf({ ...env, SIGNALBOX_RETENTION_MS: '60009' })).toEqual([
      expect.stringMatching(/^SIGNALBOX_RETENTION_MS \(60009\) is shorter than .* \(60010: .* Raise it/),
    ]);
  });

  it('refuses to keep keys where read models are', () => {
    const env = { SIGNALBOX_REDIS_URL: 'redis://127.0.0.1:6379', SIGNALBOX_KEYS_URL: 'redis://127.0.0.1:6379' };
    expect(problemsOf(env)).toEqual([expect.stringMatching(/are the same: .* a Redis of their own/)]);
  });

  it('listens on every address in production, where a container is around it', () => {
    expect(configOf(production).host).toBe('0.0.0.0');
  });

  it('takes an empty variable for one that is not set', () => {
    expect(configOf({ SIGNALBOX_PORT: '', SIGNALBOX_MASTER_KEYS: '  ' }).port).toBe(3000);
  });

  it('leaves the variables of others alone', () => {
    expect(problemsOf({ PATH: '/bin', PORT: 'x', SIGNAL: 'y' })).toEqual([]);
  });

  it('refuses a name that it does not know, and guesses what was meant', () => {
    expect(problemsOf({ SIGNALBOX_PROT: '1', SIGNALBOX_ENTIRELY_ELSEWHERE_AND_LONG: '1' })).toEqual([
      'SIGNALBOX_PROT is not a variable of Signalbox, so it would have no effect. Did you mean SIGNALBOX_PORT?',
      'SIGNALBOX_ENTIRELY_ELSEWHERE_AND_LONG is not a variable of Signalbox, so it would have no effect. docs/configuration.md lists those there are.',
    ]);
  });

  it('says everything that is wrong at once, and what would be right', () => {
    const problems = problemsOf({
      SIGNALBOX_PORT: '70000',
      SIGNALBOX_MODE: 'prod',
      SIGNALBOX_CORS_ORIGINS: 'https://a.example/path',
      SIGNALBOX_TRUSTED_PROXIES: '10.0.0.0/33',
      SIGNALBOX_PUBLIC_URL: 'ftp://a.example',
    });
    expect(problems).toHaveLength(5);
    expect(problems.join('\n')).toContain('SIGNALBOX_PORT is “70000”, which is not a whole number from 0 to 65535.');
    expect(problems.join('\n')).toContain('SIGNALBOX_MODE is “prod”, which is not one of `development`, `production`.');
    for (const name of ['CORS_ORIGINS', 'TRUSTED_PROXIES', 'PUBLIC_URL']) {
      expect(problems.filter((problem) => problem.startsWith(`SIGNALBOX_${name} is “`))).toHaveLength(1);
    }
  });

  it.each(['-1', '1.5', '1e3', '0x10', 'NaN', '9007199254740993'])('does not take %s for a whole number', (text) => {
    expect(problemsOf({ SIGNALBOX_MAX_SESSIONS: text })).toHaveLength(1);
  });

  it('reads lists without minding spaces', () => {
    const config = configOf({
      SIGNALBOX_CORS_ORIGINS: 'https://a.example, http://localhost:5173 ,',
      SIGNALBOX_TRUSTED_PROXIES: 'loopback, ::1, fc00::/7',
    });
    expect(config.corsOrigins).toEqual(['https://a.example', 'http://localhost:5173']);
    expect(config.trustedProxies).toEqual(['loopback', '::1', 'fc00::/7']);
  });

  it('refuses lifetimes and TLS settings that contradict each other', () => {
    expect(problemsOf({ SIGNALBOX_OFFER_MIN_TTL_MS: '90000', SIGNALBOX_OFFER_MAX_TTL_MS: '80000' })).toHaveLength(1);
    expect(problemsOf({ SIGNALBOX_OFFER_MIN_TTL_MS: '90000' })[0]).toContain('SIGNALBOX_OFFER_DEFAULT_TTL_MS (60000)');
    expect(problemsOf({ SIGNALBOX_TLS_CERT_FILE: 'cert.pem' })[0]).toContain('without SIGNALBOX_TLS_KEY_FILE');
    expect(problemsOf({ SIGNALBOX_TLS_KEY_FILE: 'key.pem' })[0]).toContain('without SIGNALBOX_TLS_CERT_FILE');
  });

  it('takes TLS files and no rate limits', () => {
    const config = configOf({
      SIGNALBOX_TLS_CERT_FILE: 'cert.pem',
      SIGNALBOX_TLS_KEY_FILE: 'key.pem',
      SIGNALBOX_RATE_LIMITS: 'off',
    });
    expect(config.tls).toEqual({ certFile: 'cert.pem', keyFile: 'key.pem' });
    expect(config.rateLimits).toBe('off');
  });
});

describe('secrets', () => {
  it('can come from a file', () => {
    const config = configOf({ SIGNALBOX_TOKEN_KEYS_FILE: '/run/k' }, (path) =>
      path === '/run/k' ? `${key('AB1')}\n` : '',
    );
    expect(config.secrets.tokenKeys).toEqual([key('ab1')]);
  });

  it('are several, the current one first', () => {
    expect(configOf({ SIGNALBOX_MASTER_KEYS: `${key('a12')},${key('b34')}` }).secrets.masterKeys).toEqual([
      key('a12'),
      key('b34'),
    ]);
  });

  it('are refused from two places at once, and from a file that is not there, in one problem each', () => {
    expect(problemsOf({ SIGNALBOX_MASTER_KEYS: key('a12'), SIGNALBOX_MASTER_KEYS_FILE: '/k' })).toEqual([
      'SIGNALBOX_MASTER_KEYS and SIGNALBOX_MASTER_KEYS_FILE are both set, so it is unclear which to use. Leave one of them out.',
    ]);
    expect(problemsOf({ SIGNALBOX_MASTER_KEYS_FILE: '/k' })).toEqual([
      'SIGNALBOX_MASTER_KEYS_FILE names “/k”, which cannot be read (ENOENT). Put the keys there, or mend the path.',
    ]);
    expect(problemsOf({ SIGNALBOX_MASTER_KEYS_FILE: '/k' }, () => '\n')[0]).toContain('holds no key');
  });

  it('are never quoted in a problem', () => {
    const problems = problemsOf({
      ...production,
      SIGNALBOX_MASTER_KEYS: 'hunter2-and-more',
      SIGNALBOX_TOKEN_KEYS: key('zz'),
    });
    expect(problems).toHaveLength(2);
    expect(problems.join()).toContain('key 1 of 1 is malformed: it has 16 characters');
    expect(problems.join()).not.toContain('hunter2');
    expect(problems.join()).not.toContain('zz');
  });
});

describe('production', () => {
  it('starts on safe settings, behind a proxy or with TLS of its own', () => {
    expect(problemsOf(production)).toEqual([]);
    const { SIGNALBOX_TRUSTED_PROXIES: _, ...direct } = production;
    expect(problemsOf({ ...direct, SIGNALBOX_TLS_CERT_FILE: 'c', SIGNALBOX_TLS_KEY_FILE: 'k' })).toEqual([]);
  });

  it('lists everything that is unsafe at once', () => {
    const problems = problemsOf({ SIGNALBOX_MODE: 'production', SIGNALBOX_RATE_LIMITS: 'off' });
    const starts = problems.map((problem) => problem.split(/ is |:/)[0]);
    expect(starts).toEqual([
      'SIGNALBOX_MASTER_KEYS',
      'SIGNALBOX_TOKEN_KEYS',
      'SIGNALBOX_ADMIN_KEYS',
      'SIGNALBOX_CHECKPOINT_KEYS',
      'SIGNALBOX_CORS_ORIGINS',
      'Neither TLS nor a trusted proxy',
      'SIGNALBOX_RATE_LIMITS',
    ]);
  });

  it.each([
    ['zero', '00'],
    ['ff', 'ff'],
    ['one repeated byte', 'a1'],
    ['the example', EXAMPLE_KEY],
  ])('refuses a key that anyone can guess: %s', (_, text) => {
    expect(problemsOf({ ...production, SIGNALBOX_ADMIN_KEYS: key(text) })).toEqual([
      'SIGNALBOX_ADMIN_KEYS: key 1 is one that anyone can guess (all the same byte, or the example from the documents). Make one with `openssl rand -hex 32`.',
    ]);
  });

  it('refuses one key for two purposes', () => {
    const shared = { ...production, SIGNALBOX_TOKEN_KEYS: `${key('d12')},${key('c39')}` };
    expect(problemsOf(shared)).toEqual([
      'SIGNALBOX_TOKEN_KEYS and SIGNALBOX_ADMIN_KEYS share a key: whoever learns one would hold both. Make a key of its own for each.',
    ]);
  });

  it('refuses to be open to every origin', () => {
    expect(problemsOf({ ...production, SIGNALBOX_CORS_ORIGINS: '*' })[0]).toContain('SIGNALBOX_CORS_ORIGINS is `*`');
  });

  it('does not complain a second time of a key that is malformed', () => {
    expect(problemsOf({ ...production, SIGNALBOX_MASTER_KEYS: 'abcd' })).toHaveLength(1);
  });
});
