import { describe, expect, it } from 'vitest';
import { BreakerOpen, type BreakerState, createCircuitBreaker } from '../src/index.ts';
import { fakeTime } from './fakes.ts';

const away = Object.assign(new Error('away'), { code: 'AWAY' });

const aBreaker = () => {
  const { clock, advance } = fakeTime();
  const changes: BreakerState[] = [];
  const breaker = createCircuitBreaker({
    name: 'the log',
    threshold: 3,
    openMs: 1_000,
    isFault: (error) => error === away,
    clock,
    onChange: (state) => changes.push(state),
  });
  const fail = () => breaker.run(() => Promise.reject(away)).catch((error: unknown) => error);
  const work = () => breaker.run(() => Promise.resolve('done'));
  const open = async () => {
    for (let i = 0; i < 3; i++) await fail();
  };
  return { breaker, changes, advance, fail, work, open };
};

describe('a circuit breaker', () => {
  it('passes calls through while it is closed, with their results and errors', async () => {
    const { breaker, fail, work, changes } = aBreaker();
    expect(await work()).toBe('done');
    expect(await fail()).toBe(away);
    expect([breaker.state, changes]).toEqual(['closed', []]);
  });

  it('opens after so many faults in a row', async () => {
    const { breaker, fail, work } = aBreaker();
    await fail();
    await fail();
    await work();
    await fail();
    await fail();
    expect(breaker.state).toBe('closed');
    await fail();
    expect(breaker.state).toBe('open');
  });

  it('does not count errors that are no faults: the other side did answer', async () => {
    const { breaker } = aBreaker();
    const refuse = () => breaker.run(() => Promise.reject(new Error('refused'))).catch(() => undefined);
    for (let i = 0; i < 9; i++) await refuse();
    expect(breaker.state).toBe('closed');
  });

  it('makes no call while it is open, and says for how long', async () => {
    const { breaker, open, advance } = aBreaker();
    await open();
    advance(400);
    let called = false;
    const error = await breaker
      .run(async () => {
        called = true;
      })
      .catch((caught: unknown) => caught);
    expect(called).toBe(false);
    expect(error).toBeInstanceOf(BreakerOpen);
    expect(error).toMatchObject({ code: 'BREAKER_OPEN', retryAfterMs: 600 });
  });

  it('lets one call through afterwards, refuses others meanwhile, and closes when it works', async () => {
    const { breaker, open, advance, work, changes } = aBreaker();
    await open();
    advance(1_000);
    const trial = Promise.withResolvers<string>();
    const first = breaker.run(() => trial.promise);
    expect(breaker.state).toBe('half_open');
    await expect(work()).rejects.toBeInstanceOf(BreakerOpen);
    trial.resolve('back');
    expect(await first).toBe('back');
    expect(await work()).toBe('done');
    expect(changes).toEqual(['open', 'half_open', 'closed']);
  });

  it('opens again at once when that call fails, for the whole time', async () => {
    const { breaker, open, advance, fail, work } = aBreaker();
    await open();
    advance(1_000);
    expect(await fail()).toBe(away);
    expect(breaker.state).toBe('open');
    advance(999);
    await expect(work()).rejects.toMatchObject({ retryAfterMs: 1 });
    advance(1);
    expect(await work()).toBe('done');
  });

  it('is not moved by a call from before it opened', async () => {
    const { breaker, open, advance } = aBreaker();
    const slow = Promise.withResolvers<string>();
    const early = breaker.run(() => slow.promise);
    await open();
    slow.resolve('late');
    expect(await early).toBe('late');
    expect(breaker.state).toBe('open');
    advance(1_000);
  });
});
