import { fork } from 'node:child_process';
import { once } from 'node:events';
import { describe, expect, it } from 'vitest';

type Line = { readonly msg: string; readonly level: string; readonly step?: string };

/** Runs a real process, since what is tested is how a process ends: at these signals, or by a failure of its own. */
const ended = async (behaviour: string, causes: readonly (NodeJS.Signals | 'failure')[]) => {
  const child = fork(new URL('./lifecycle-process.ts', import.meta.url), [behaviour], {
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  let output = '';
  child.stdout?.on('data', (chunk: Buffer) => {
    output += chunk.toString();
  });
  const exit = once(child, 'exit');
  for (const cause of causes) {
    await once(child, 'message'); // it is ready, or has begun to stop
    if (cause === 'failure') child.send('fail');
    else child.kill(cause);
  }
  const [code] = (await exit) as [number | null];
  const lines = output
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line);
  return { code, steps: lines.filter(({ msg }) => msg === 'step').map(({ step }) => step), lines };
};

describe('the end of a process', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)('takes the steps in order on %s, and is a success', async (signal) => {
    const { code, steps, lines } = await ended('good', [signal]);
    expect(code).toBe(0);
    expect(steps).toEqual(['listener', 'work', 'log']);
    expect(lines.at(-1)?.msg).toBe('stopped');
  });

  it('takes the other steps although one fails, and is no success', async () => {
    const { code, steps, lines } = await ended('failing', ['SIGTERM']);
    expect(code).toBe(1);
    expect(steps).toEqual(['listener', 'log']);
    expect(lines.filter(({ level }) => level === 'error')).toMatchObject([{ step: 'work', msg: 'could not close' }]);
  });

  it('comes at the deadline whatever is left', async () => {
    const { code, steps, lines } = await ended('endless', ['SIGTERM']);
    expect(code).toBe(1);
    expect(steps).toEqual(['listener']);
    expect(lines.at(-1)).toMatchObject({ level: 'fatal', msg: 'stopping took too long, so leaving without the rest' });
  });

  it('comes at once on a second signal', async () => {
    const { code, lines } = await ended('stuck', ['SIGTERM', 'SIGINT']);
    expect(code).toBe(1);
    expect(lines.at(-1)).toMatchObject({
      level: 'fatal',
      msg: 'told to stop a second time, so leaving without the rest',
    });
  });

  it.each(['throwing', 'rejecting'])(
    'follows an error that nobody caught (%s): logged, steps taken, no success',
    async (behaviour) => {
      const { code, steps, lines } = await ended(behaviour, ['failure']);
      expect(code).toBe(1);
      expect(steps).toEqual(['listener', 'work', 'log']);
      expect(lines[0]).toMatchObject({ level: 'fatal', err: { message: 'nobody caught this' } });
    },
  );
});
