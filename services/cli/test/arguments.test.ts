import { describe, expect, it } from 'vitest';
import { parseArguments } from '../src/arguments.ts';
import { WrongUsage } from '../src/errors.ts';

const takes = { positionals: ['SESSION', 'PLACE'], options: { json: 'flag', out: { takes: 'FILE' } } } as const;
const parse = (...args: readonly string[]) => parseArguments('signalbox show', takes, args);

describe('values that a command needs beside its options', () => {
  it('are taken by their places, wherever options stand, and after -- whatever they look like', () => {
    for (const args of [
      ['a', 'b', '--json', '--out', 'f'],
      ['--out', 'f', 'a', '--json', 'b'],
      ['--json', '--out=f', '--', 'a', 'b'],
    ]) {
      const given = parse(...args);
      expect([given.positional('SESSION'), given.positional('PLACE'), given.text('out'), given.flag('json')]).toEqual([
        ...['a', 'b', 'f', true],
      ]);
    }
    expect(parse('--', '-a', '--json').positional('SESSION')).toBe('-a');
  });

  it.each([
    [[], 'SESSION PLACE is missing: signalbox show SESSION PLACE. See signalbox show --help.'],
    [['a'], 'PLACE is missing: signalbox show SESSION PLACE. See signalbox show --help.'],
    [['a', 'b', 'c'], 'signalbox show takes SESSION PLACE and options; “c” is too much. There are --json, --out FILE.'],
  ])('are asked for and bounded: %j', (args, said) => {
    expect(() => parse(...args)).toThrow(WrongUsage);
    expect(() => parse(...args)).toThrow(said);
  });

  it('are known by the names that the command declares', () => {
    expect(() => parse('a', 'b').positional('OTHER')).toThrow('signalbox show does not declare OTHER.');
  });
});
