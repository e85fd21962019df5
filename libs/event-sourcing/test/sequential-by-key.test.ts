import { describe, expect, it } from 'vitest';
import { sequentialByKey } from '../src/index.ts';

describe('work that is sequential by key', () => {
  it('runs one after another for a key, in the order it was asked for, and answers each caller', async () => {
    const inTurn = sequentialByKey<string>();
    const order: string[] = [];
    const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const answers = [0, 1, 2].map((i) =>
      inTurn('a', async () => {
        order.push(`begin ${i}`);
        await gates[i]?.promise;
        order.push(`end ${i}`);
        return i;
      }),
    );
    gates[1]?.resolve();
    expect(order).toEqual(['begin 0']);
    gates[0]?.resolve();
    expect(await Promise.all(answers)).toEqual([0, 1, 2]);
    expect(order).toEqual(['begin 0', 'end 0', 'begin 1', 'end 1', 'begin 2', 'end 2']);
  });

  it('does not wait for another key', async () => {
    const inTurn = sequentialByKey<string>();
    const gate = Promise.withResolvers<void>();
    const slow = inTurn('a', () => gate.promise);
    expect(await inTurn('b', async () => 'done')).toBe('done');
    gate.resolve();
    await slow;
  });

  it('goes on after work that failed, and tells only its own caller', async () => {
    const inTurn = sequentialByKey<string>();
    const failed = inTurn('a', async () => {
      throw new Error('broken');
    });
    const next = inTurn('a', async () => 'fine');
    await expect(failed).rejects.toThrow('broken');
    expect(await next).toBe('fine');
  });

  it('begins at once when nothing is before it any more', async () => {
    const inTurn = sequentialByKey<string>();
    await inTurn('a', async () => 1);
    await Promise.resolve();
    let begun = false;
    const second = inTurn('a', async () => {
      begun = true;
    });
    expect(begun).toBe(true);
    await second;
  });
});
