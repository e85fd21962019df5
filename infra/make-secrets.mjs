// Makes the keys of a stack on its first run, and refuses keys that anyone can guess on every later one.
//   node infra/make-secrets.mjs [directory]
// secrets.env  what the services start with (`node --env-file`); never overwritten, so it may be edited or brought along
// metrics.key  the admin key that Prometheus sends, in a file that its group may read; the last of SIGNALBOX_ADMIN_KEYS
import { randomBytes } from 'node:crypto';
import { linkSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { loadConfig } from '@signalbox/runtime';

const directory = process.argv[2] ?? '/run/signalbox';
const secretsFile = join(directory, 'secrets.env');
const metricsFile = join(directory, 'metrics.key');

const say = (text) => process.stdout.write(`${text}\n`);
const fail = (text) => {
  process.stderr.write(`${text}\n`);
  process.exit(1);
};

const key = () => randomBytes(32).toString('hex');

const newSecrets =
  () => `# The keys of this stack. Whoever has them has everything: keep a copy apart from the data, and give it to nobody.
# Losing SIGNALBOX_MASTER_KEYS loses what the log holds, and every credential's secret. How to rotate: docs/runbooks/key-rotation.md.
SIGNALBOX_MASTER_KEYS=${key()}
SIGNALBOX_TOKEN_KEYS=${key()}
# The first is the operator's; the last is what Prometheus reads /metrics with.
SIGNALBOX_ADMIN_KEYS=${key()},${key()}
# Signs the checkpoints of the log; its public key is at /v1/audit/checkpoints.
SIGNALBOX_CHECKPOINT_KEYS=${key()}
`;

/** Writes the whole file or nothing, and nothing where there is one: two that start at once agree on the first's. */
const makeOnce = () => {
  const draft = `${secretsFile}.${process.pid}`;
  writeFileSync(draft, newSecrets(), { mode: 0o600, flush: true });
  try {
    linkSync(draft, secretsFile);
    return true;
  } catch (error) {
    if (error.code !== 'EEXIST') throw error;
    return false;
  } finally {
    rmSync(draft, { force: true });
  }
};

const read = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT') return null;
    throw error;
  }
};

const readOrMake = () => {
  const existing = read(secretsFile);
  if (existing !== null) return { text: existing, made: false };
  return { made: makeOnce(), text: readFileSync(secretsFile, 'utf8') };
};

const check = (env) => {
  // The rest of what production asks for is the services' own business: only what is in the file is judged here.
  const rest = { SIGNALBOX_CORS_ORIGINS: 'http://localhost', SIGNALBOX_TRUSTED_PROXIES: 'loopback' };
  const loaded = loadConfig({ ...rest, ...env, SIGNALBOX_MODE: 'production' }, (path) => readFileSync(path, 'utf8'));
  if ('ok' in loaded) return loaded.ok.secrets;
  const list = loaded.problems.map((problem) => `  - ${problem}`).join('\n');
  return fail(
    `The stack does not start with the keys in ${secretsFile}:\n${list}\nMend the file, or delete it: the next start makes new keys. Mind that what was sealed with lost master keys stays sealed.`,
  );
};

const writeMetricsKey = (adminKeys) => {
  const wanted = adminKeys.at(-1);
  if (read(metricsFile) !== wanted) writeFileSync(metricsFile, wanted, { mode: 0o640, flush: true });
};

try {
  const { text, made } = readOrMake();
  const { adminKeys } = check(parseEnv(text));
  writeMetricsKey(adminKeys);
  say(made ? `Made keys for this stack: ${secretsFile}.` : `The keys in ${secretsFile} are sound.`);
} catch (error) {
  fail(
    `The keys in ${directory} cannot be read or written (${error.code ?? error.message}). The directory must belong to uid ${process.getuid?.()}, which the services run as.`,
  );
}
