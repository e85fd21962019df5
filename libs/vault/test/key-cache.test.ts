import { describe, expect, it } from 'vitest';
import { keyCache } from '../src/key-cache.ts';

describe('the cache of keys', () => {
  it('keeps each for half a minute, and longer when it is set again', () => {
    let now = 0;
    const cache = keyCache(() => now);
    const [a, b] = [Uint8Array.of(1), Uint8Array.of(2)];
    cache.set('a', a);
    cache.set('b', b);
    now = 20_000;
    cache.set('b', b);
    now = 29_999;
    expect([cache.get('a'), cache.get('b')]).toEqual([a, b]);
    now = 30_000;
    expect([cache.get('a'), cache.get('b')]).toEqual([undefined, b]);
  });

  it('lets the oldest go when there are too many, and never the newest', () => {
    const cache = keyCache(() => 0);
    const key = Uint8Array.of(1);
    for (let i = 0; i <= 100_000; i++) cache.set(`${i}`, key);
    expect(cache.get('0')).toBeUndefined();
    expect(cache.get('50000')).toBe(key);
    expect(cache.get('100000')).toBe(key);
  });

  it('forgets what is too old by itself, not only for whoever asks', () => {
    let now = 0;
    const cache = keyCache(() => now);
    for (let i = 0; i < 1_000; i++) cache.set(`old${i}`, Uint8Array.of(1));
    now = 30_000;
    cache.set('new', Uint8Array.of(2));
    const left: string[] = [];
    cache.dropAll((id) => {
      left.push(id);
      return false;
    });
    expect(left).toEqual(['new']);
  });
});
