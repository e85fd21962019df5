import { accept, type Decider, reject } from '@signalbox/event-sourcing';
import { describe, expect, it } from 'vitest';
import { specFor } from '../src/index.ts';

/** A counter with a fault for each thing that a specification has to notice. */
type Command = { readonly type: 'Add'; readonly amount: number };
type Added = { readonly type: 'Added'; readonly data: { readonly amount: number } };
type Refused = { readonly code: 'too_much'; readonly limit: number } | { readonly code: 'closed' };
type Counter = { readonly amounts: number[] };

const counter = (faults: Partial<Decider<Command, Counter, Added, Refused>> = {}) =>
  specFor<Command, Counter, Added, Refused>({
    category: 'counter',
    initial: { amounts: [] },
    decide: ({ amount }, { amounts }) => {
      if (amount > 9) return reject({ code: 'too_much', limit: 9 });
      return amounts.includes(amount) ? accept() : accept({ type: 'Added', data: { amount } });
    },
    evolve: ({ amounts }, { data }) => ({ amounts: [...amounts, data.amount] }),
    isTerminal: () => false,
    ...faults,
  });

const add = (amount: number): Command => ({ type: 'Add', amount });
const added = (amount: number): Added => ({ type: 'Added', data: { amount } });

describe('a specification', () => {
  it('holds when the decider does what it says', () => {
    const given = counter();
    given(added(1)).when(add(2)).then(added(2));
    given(added(1)).when(add(1)).thenNothing();
    given().when(add(10)).thenRejected('too_much', { limit: 9 });
  });

  it('fails when other events come, or fewer, or none', () => {
    const given = counter();
    expect(() => given().when(add(1)).then(added(2))).toThrow();
    expect(() => given().when(add(1)).then(added(1), added(1))).toThrow();
    expect(() => given().when(add(1)).thenNothing()).toThrow();
    expect(() => given(added(1)).when(add(1)).then(added(1))).toThrow();
  });

  it('fails when the refusal is another, or tells something else', () => {
    const given = counter();
    expect(() => given().when(add(10)).thenRejected('closed')).toThrow();
    expect(() => given().when(add(10)).thenRejected('too_much', { limit: 8 })).toThrow();
    expect(() => given().when(add(1)).thenRejected('closed')).toThrow();
  });

  it('fails when the same command once more records something again', () => {
    const forgetful = counter({ evolve: (state) => state });
    expect(() => forgetful().when(add(1)).then(added(1))).toThrow('the same command once more');
  });

  it('fails when the decider changes what it was given', () => {
    const evolvesInPlace = counter({
      evolve: (state, { data }) => {
        state.amounts.push(data.amount);
        return state;
      },
    });
    expect(() => evolvesInPlace(added(1)).when(add(2)).thenNothing()).toThrow(TypeError);
    const decidesInPlace = counter({
      decide: (_, state) => {
        state.amounts.push(1);
        return accept();
      },
    });
    expect(() => decidesInPlace().when(add(2)).thenNothing()).toThrow(TypeError);
  });
});
