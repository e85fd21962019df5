import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { onTestFinished } from 'vitest';
import type { Ran } from './fixtures.ts';

export const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));

export type Running = {
  readonly ended: Promise<Ran>;
  readonly kill9: () => Promise<Ran>;
};

const running = (
  command: string,
  args: readonly string[],
  { env = {}, cwd }: { readonly env?: Readonly<Record<string, string>>; readonly cwd?: string } = {},
): Running => {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(SIGNALBOX_|VITEST|NODE_OPTIONS)/.test(name));
  const child = spawn(command, args, {
    env: { ...Object.fromEntries(inherited), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(cwd === undefined ? {} : { cwd }),
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text;
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text;
  });
  const ended = once(child, 'close').then(([code]): Ran => ({ code: Number(code ?? -1), stdout, stderr }));
  const kill9 = () => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
    return ended;
  };
  onTestFinished(async () => void (await kill9()));
  return { ended, kill9 };
};

/** `signalbox` as a process of its own. */
export const start = (args: readonly string[], nodeOptions: readonly string[] = []): Running =>
  running(process.execPath, [...nodeOptions, main, ...args]);

/** What a person does who pastes this into a terminal at the root of the repository. */
export const shell = (script: string, env: Readonly<Record<string, string>>): Promise<Ran> => {
  const root = fileURLToPath(new URL('../../../', import.meta.url));
  return running('sh', ['-euc', script], { env, cwd: root }).ended;
};
