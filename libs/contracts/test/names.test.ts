import { describe, expect, it } from 'vitest';
import { credentialName } from '../src/index.ts';
import { serviceRange, serviceVersion } from '../src/names.ts';
import { accepted, refused } from './schemas.ts';

const INVALID_FQN = ['INVALID_FQN'];
const codesOf = (problems: ReturnType<typeof refused>) => [...new Set(problems.map(([, code]) => code))];

describe('a service with its version', () => {
  it.each([
    ['chat@1.2.0', { name: 'chat', version: '1.2.0' }],
    ['a@0.0.0', { name: 'a', version: '0.0.0' }],
    ['io.example.chat-room@10.20.30', { name: 'io.example.chat-room', version: '10.20.30' }],
    ['chat@1.2.0-beta.1', { name: 'chat', version: '1.2.0-beta.1' }],
    [`${'n'.repeat(128)}@1.0.0`, { name: 'n'.repeat(128), version: '1.0.0' }],
  ])('%s is one', (text, service) => {
    expect(accepted(serviceVersion, text)).toStrictEqual(service);
  });

  it.each([
    ...['', 'chat', '@1.0.0', 'chat@', '@', 'chat@1.0.0@2.0.0', 'chat@1', 'chat@1.2', 'chat@v1.2.0', 'chat@^1.2.0'],
    ...['chat@1.2.0.0', 'chat@01.2.0', 'chat@1.2.0+build', 'chat@ 1.2.0', 'chat@1.2.0 ', 'chat@1.2.0\n', 'chat@*'],
    ...['Chat@1.0.0', '-chat@1.0.0', 'chat.@1.0.0', 'chat room@1.0.0', 'chät@1.0.0', `${'n'.repeat(129)}@1.0.0`],
    'chat\u0000@1.0.0',
  ])('%j is none', (text) => {
    expect(codesOf(refused(serviceVersion, text))).toEqual(INVALID_FQN);
  });

  it('is a text of bounded length', () => {
    for (const other of [undefined, null, 1, {}, ['chat@1.0.0']]) {
      expect(refused(serviceVersion, other)).toEqual([['', 'INVALID_PARAMS']]);
    }
    expect(refused(serviceVersion, 'a'.repeat(1_000_000))[0]).toEqual(['', 'INVALID_PARAMS']);
    expect(accepted(serviceVersion, `chat@1.0.0-${'a'.repeat(58)}`).version).toHaveLength(64);
    expect(refused(serviceVersion, `chat@1.0.0-${'a'.repeat(59)}`)).toEqual([['version', 'INVALID_PARAMS']]);
  });

  it('says which half is wrong', () => {
    expect(refused(serviceVersion, 'Chat@1.0.0')).toEqual([['name', 'INVALID_FQN']]);
    expect(refused(serviceVersion, 'chat@1.0')).toEqual([['version', 'INVALID_FQN']]);
  });
});

describe('a service with a range of versions', () => {
  const ranges = [
    ...['*', '1.2.3', '1', '1.2', '1.x', '1.2.*', '^1.2', '^1.2.3', '~1.2.3', '>=1.0', '<=2', '>1', '<2.0.0', '=1.2.3'],
    ...['>= 1.0', '^1.2.0-beta.1'],
  ];
  it.each<readonly [string, string]>([['chat', '*'], ...ranges.map((range) => [`chat@${range}`, range] as const)])(
    '%s is one',
    (text, range) => {
      expect(accepted(serviceRange, text)).toStrictEqual({ name: 'chat', range });
    },
  );
  it.each([
    ...['', '@^1.2', '@', 'chat@', 'chat@^', 'chat@latest', 'chat@1 || 2', 'chat@1.0.0 - 2.0.0', 'chat@>=1 <2'],
    ...['chat@>==1', 'chat@^1.2@3', 'chat@1.2.3.4', 'chat@^1.2\n', 'Chat@1', '-chat', 'chat.', 'chat room'],
    ...[`${'n'.repeat(129)}@1`, 'chat\u0000'],
  ])('%j is none', (text) => {
    expect(codesOf(refused(serviceRange, text))).toEqual(INVALID_FQN);
  });

  it('is a text of bounded length', () => {
    expect(refused(serviceRange, ['chat'])).toEqual([['', 'INVALID_PARAMS']]);
    expect(refused(serviceRange, 'a'.repeat(1_000_000))[0]).toEqual(['', 'INVALID_PARAMS']);
    expect(refused(serviceRange, `chat@1.0.0-${'a'.repeat(59)}`)).toEqual([['range', 'INVALID_PARAMS']]);
  });

  it('takes no longer to refuse the longer it is', () => {
    for (const text of [`chat@${'1.'.repeat(30)}`, `chat@${'^'.repeat(64)}`, `${'a-'.repeat(64)}@1`]) {
      expect(codesOf(refused(serviceRange, text))).toEqual(INVALID_FQN);
    }
  });
});

describe('the name of a credential', () => {
  it.each(['abcd', 'a'.repeat(32), 'brave-fox-0123', 'a.b-c.9'])('may be %s', (name) => {
    expect(accepted(credentialName, name)).toBe(name);
  });

  it.each(['abc', 'a'.repeat(33), 'Alice', '-abc', 'abc-', '.abc', 'ab cd', 'abcd\n', 'äbcd', 'ab_cd', '', 'ab@cd'])(
    'may not be %j',
    (name) => {
      expect(refused(credentialName, name)[0]).toEqual(['', 'INVALID_PARAMS']);
    },
  );
});
