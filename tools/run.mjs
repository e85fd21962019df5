// The front of every npm script. It runs on whatever Node the machine has (20 or newer), installs what is missing, and
// hands over to the Node that the package manifest pins.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const bin = join(root, 'node_modules', '.bin');
const stamp = join(root, 'node_modules', '.signalbox-installed');
const lock = join(root, '.install.lock');

const node = () => {
  const pinned = join(bin, process.platform === 'win32' ? 'node.cmd' : 'node');
  return existsSync(pinned) ? pinned : process.execPath;
};
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');

/** Node says so when the file that it may read is not there, which nobody has asked for. */
const envFile = () => (existsSync(join(root, '.env')) ? ['--env-file=.env'] : []);

/** Each task is a list of commands; the first that fails ends it. */
const tasks = {
  start: (args) => [[node(), [...envFile(), 'services/standalone/src/main.ts', ...args]]],
  test: (args) => [[node(), [vitest, 'run', ...(args.length === 0 ? projectsHere() : args)]]],
  'test:crash': (args) => [
    [
      node(),
      [vitest, 'run', '--project', 'system', 'tests/crash'],
      { CRASH_CYCLES: optionOf(args, '--cycles') ?? '200' },
    ],
  ],
  check: () => [
    [join(bin, 'biome'), ['ci', '--error-on-warnings', '.']],
    [node(), ['tools/generate-docs.ts', '--check']],
    [join(bin, 'turbo'), ['run', 'types', '--output-logs=errors-only']],
    [node(), [vitest, 'run', '--project', 'system', 'tests/architecture']],
    [node(), ['tools/licences.mjs']],
  ],
  format: () => [[join(bin, 'biome'), ['check', '--write', '.']]],
  docs: () => [[node(), ['tools/generate-docs.ts']]],
  bench: (args) => [[node(), ['bench/run.ts', ...args]]],
  signalbox: (args) => [[node(), [...envFile(), 'services/cli/src/main.ts', ...args]]],
};

const onPath = (program) => process.env.PATH.split(delimiter).some((directory) => existsSync(join(directory, program)));
const isPulled = (image) =>
  onPath('docker') &&
  spawnSync('docker', ['image', 'inspect', image], { stdio: 'ignore', timeout: 5_000 }).status === 0;

/** Why tests that need Kafka and Redis can't run on this machine, in words; empty when they can. */
const missingEngines = () => [
  ...(process.env.SIGNALBOX_TEST_KAFKA || isPulled('apache/kafka:4.1.1') || (onPath('java') && onPath('mvn'))
    ? []
    : ['no Kafka: name one in SIGNALBOX_TEST_KAFKA, pull apache/kafka:4.1.1, or install Java 17 and Maven']),
  ...(process.env.SIGNALBOX_TEST_REDIS || isPulled('redis:7.2') || onPath('redis-server') || onPath('valkey-server')
    ? []
    : ['no Redis: name one in SIGNALBOX_TEST_REDIS, pull redis:7.2, or install redis-server']),
];

/** All tests, or those that this machine can run; what is left out is said at the end. */
const projectsHere = () => {
  const missing = missingEngines();
  if (missing.length === 0) return [];
  process.on('exit', () => {
    for (const reason of missing) console.log(`SKIPPED, all of the projects "engines" and "stack": ${reason}.`);
  });
  return ['--project', 'unit', '--project', 'system'];
};

const optionOf = (args, name) => {
  const at = args.indexOf(name);
  return at === -1 ? undefined : args[at + 1];
};

const run = (command, args, env = {}, stdio = 'inherit') =>
  new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      stdio,
      // The pinned Node is the first on the path of everything below.
      env: { ...process.env, PATH: `${bin}${delimiter}${process.env.PATH}`, TURBO_TELEMETRY_DISABLED: '1', ...env },
    });
    // A terminal sends its interrupt to the child as well; a supervisor signals this process only.
    const forward = (signal) => child.kill(signal);
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, forward);
    child.on('error', (error) => {
      console.error(`Could not run ${command}: ${error.message}`);
      resolve(1);
    });
    child.on('exit', (code, signal) => {
      for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.off(name, forward);
      resolve(code ?? (signal ? 1 : 0));
    });
  });

const wanted = () =>
  createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex');
const installed = () => existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted();

const isRunning = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

/** One install at a time, also when two scripts are started at once; a lock whose owner is gone is taken over. */
const locked = async (work) => {
  for (;;) {
    try {
      mkdirSync(lock);
      writeFileSync(join(lock, 'pid'), String(process.pid));
      break;
    } catch (error) {
      if (error.code !== 'EEXIST') throw error;
      const pid = Number(existsSync(join(lock, 'pid')) ? readFileSync(join(lock, 'pid'), 'utf8') : process.pid);
      if (!isRunning(pid)) rmSync(lock, { recursive: true, force: true });
      await wait(200);
    }
  }
  try {
    return await work();
  } finally {
    rmSync(lock, { recursive: true, force: true });
  }
};

const install = () =>
  locked(async () => {
    if (installed()) return 0;
    // What is said here goes to standard error: a task's standard output may be read by another program.
    console.error('Installing what is missing (once; a minute or so) …');
    const command = ['ci', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
    const code = await run('npm', command, {}, ['ignore', 2, 2]);
    if (code !== 0) console.error('npm ci failed: see above. Check the network and run the same command again.');
    else writeFileSync(stamp, wanted());
    return code;
  });

const [name, ...args] = process.argv.slice(2);
const task = Object.hasOwn(tasks, name) ? tasks[name] : undefined;
if (!task) {
  console.error(`Unknown task ${name}. There are: ${Object.keys(tasks).join(', ')}.`);
  process.exit(2);
}
let code = installed() ? 0 : await install();
for (const step of code === 0 ? task(args) : []) {
  code = await run(...step);
  if (code !== 0) break;
}
process.exit(code);
