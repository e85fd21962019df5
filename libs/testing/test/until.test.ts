import { describe, expect, it } from 'vitest';
import { until } from '../src/index.ts';

describe('until', () => {
  it('gives the first truthy answer', async () => {
    const answers = [undefined, '', 0, 'ready', 'too late'];
    expect(await until('it is ready', () => answers.shift(), { everyMs: 1 })).toBe('ready');
    expect(answers).toEqual(['too late']);
  });

  it('takes an error for not yet', async () => {
    let asked = 0;
    const condition = async () => {
      if (++asked < 3) throw new Error('connection refused');
      return asked;
    };
    expect(await until('it listens', condition, { everyMs: 1 })).toBe(3);
  });

  it('says at the deadline what it waited for and what it was told last', async () => {
    await expect(until('both have come', () => false, { withinMs: 5, everyMs: 1 })).rejects.toThrow(
      'Waited 5 ms in vain until both have come. When last asked, it answered false.',
    );
    const failure = new Error('connection refused');
    const fails = () => {
      throw failure;
    };
    await expect(until('it listens', fails, { withinMs: 5, everyMs: 1 })).rejects.toMatchObject({
      message: 'Waited 5 ms in vain until it listens. When last asked, it threw Error: connection refused.',
      cause: failure,
    });
  });
});
