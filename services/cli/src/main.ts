#!/usr/bin/env node
import { fstatSync, readFileSync } from 'node:fs';
import { systemChance, systemClock, systemTimers } from '@signalbox/runtime';
import { run } from './cli.ts';

const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
  readonly version: string;
};
// A broken pipe is reported to whoever writes; without a listener it would end the process before that.
process.stdout.on('error', () => {});
// The timers of the runtime keep no process alive: a command that waits does.
const waiting = setInterval(() => {}, 60_000);

const code = await run({
  env: process.env,
  args: process.argv.slice(2),
  version,
  stdin: () => process.stdin,
  stdout: process.stdout,
  stderr: (text) => process.stderr.write(text),
  isTerminal: {
    stdin: process.stdin.isTTY === true,
    stdout: process.stdout.isTTY === true,
    stderr: process.stderr.isTTY === true,
  },
  isPiped: fstatSync(1).isFIFO(),
  // Some terminals say 0.
  columns: process.stderr.columns || 80,
  clock: systemClock,
  timers: systemTimers,
  chance: systemChance,
});
clearInterval(waiting);
process.exit(code);
